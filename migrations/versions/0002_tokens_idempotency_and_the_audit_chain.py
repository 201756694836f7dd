"""Tokens, idempotency and the audit chain.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The database numbers these itself; SQLite does so for INTEGER alone.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
GENESIS = "0" * 64

RUNS = sa.table("runs", sa.column("id"), sa.column("name"))
MIXTURES = sa.table(
    "mixtures",
    sa.column("run_id"),
    sa.column("version"),
    sa.column("created_at", MOMENT),
    sa.column("idempotency_key"),
    sa.column("request_digest"),
)
KEYS = sa.table(
    "idempotency_keys",
    sa.column("run"),
    sa.column("key"),
    sa.column("request_digest"),
    sa.column("made", sa.JSON),
    sa.column("created_at", MOMENT),
)


def upgrade() -> None:
    _create_tokens()
    _create_audit()
    _create_keys()
    _move_keys_out_of_mixtures()
    with op.batch_alter_table("mixtures") as mixtures:
        mixtures.add_column(sa.Column("on_behalf_of", sa.String(200)))
        mixtures.drop_constraint("uq_mixtures_run_id_idempotency_key", type_="unique")
        mixtures.drop_column("idempotency_key")
        mixtures.drop_column("request_digest")


def downgrade() -> None:
    with op.batch_alter_table("mixtures") as mixtures:
        mixtures.drop_column("on_behalf_of")
        mixtures.add_column(sa.Column("idempotency_key", sa.String(255)))
        mixtures.add_column(sa.Column("request_digest", sa.String(64)))
        mixtures.create_unique_constraint("uq_mixtures_run_id_idempotency_key", ["run_id", "idempotency_key"])
    _move_keys_into_mixtures()
    for table in ("idempotency_keys", "audit_head", "audit", "tokens"):
        op.drop_table(table)


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("run_id", sa.Integer),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_tokens_run_id"),
        sqlite_autoincrement=True,
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("run", sa.String(64)),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_index("ix_audit_run_sequence", "audit", ["run", "sequence"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": GENESIS}])


def _create_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("made", sa.JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("run", "key", name="pk_idempotency_keys"),
    )


def _move_keys_out_of_mixtures() -> None:
    kept = (RUNS.c.name, MIXTURES.c.idempotency_key, MIXTURES.c.request_digest, MIXTURES.c.version)
    query = sa.select(*kept, MIXTURES.c.created_at).join_from(MIXTURES, RUNS, RUNS.c.id == MIXTURES.c.run_id)
    rows = [
        {"run": run, "key": key, "request_digest": digest, "made": {"version": version}, "created_at": created_at}
        for run, key, digest, version, created_at in op.get_bind().execute(
            query.where(MIXTURES.c.idempotency_key.is_not(None))
        )
    ]
    op.bulk_insert(KEYS, rows)


def _move_keys_into_mixtures() -> None:
    connection = op.get_bind()
    runs = connection.execute(sa.select(RUNS.c.name, RUNS.c.id))
    run_ids = {run.name: run.id for run in runs}
    for run, key, digest, made, _ in connection.execute(sa.select(KEYS)).all():
        if run in run_ids and "version" in made:
            this = (MIXTURES.c.run_id == run_ids[run], MIXTURES.c.version == made["version"])
            connection.execute(sa.update(MIXTURES).where(*this).values(idempotency_key=key, request_digest=digest))
