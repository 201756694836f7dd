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


def upgrade() -> None:
    _create_tokens()
    with op.batch_alter_table("mixtures") as mixtures:
        mixtures.add_column(sa.Column("on_behalf_of", sa.String(200)))


def downgrade() -> None:
    with op.batch_alter_table("mixtures") as mixtures:
        mixtures.drop_column("on_behalf_of")
    op.drop_table("tokens")


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("run_id", sa.Integer),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_tokens_run_id"),
        sqlite_autoincrement=True,
    )
