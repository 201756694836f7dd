"""Rollups of curves and their retention: points know their attempt, and buckets of steps are kept summed up.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WIDTHS = (8, 64, 512, 4096, 32768)
"""Steps of a bucket at each level, as they were at this revision."""


INDEXES = {
    "ix_mixtures_run_id_created_at": (["run_id", "created_at"], None),
    "ix_mixtures_unasked": (["run_id", "version"], sa.text("asked_ppm IS NULL")),
    "ix_mixtures_waiting": (["run_id", "version"], sa.text("applied_at IS NULL AND superseded_at IS NULL")),
}
"""What every change and every report asks of a history that may be long."""


def upgrade() -> None:
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, "mixtures", columns, sqlite_where=where, postgresql_where=where)
    op.add_column("attempts", sa.Column("abandoned_from", sa.BigInteger))
    _replace_points(
        [sa.Column("attempt", sa.BigInteger, nullable=False)],
        key=["run_id", "name", "step", "attempt"],
        # Until now a step held the value of its last report; what lies beyond the last step was abandoned.
        fill="INSERT INTO new_points (run_id, name, step, attempt, tokens, value)"
        " SELECT run_id, points.name, points.step, attempt, points.tokens, value"
        " FROM points JOIN runs ON runs.id = run_id WHERE points.step <= runs.step",
    )
    _create_rollups()
    for width in WIDTHS:
        op.execute(
            f"INSERT INTO rollups SELECT run_id, {width}, name, step / {width} * {width}, min(step), max(step),"  # noqa: S608 - whole numbers of our own
            " min(tokens), max(tokens), count(value), coalesce(sum(value), 0), min(value), max(value)"
            f" FROM points GROUP BY run_id, name, step / {width}"
        )


def downgrade() -> None:
    op.drop_table("rollups")
    _replace_points(
        [],
        key=["run_id", "name", "step"],
        fill="INSERT INTO new_points (run_id, name, step, tokens, value)"
        " SELECT points.run_id, name, step, tokens, value FROM points JOIN attempts"
        " ON attempts.run_id = points.run_id AND attempts.attempt = points.attempt"
        " WHERE abandoned_from IS NULL OR step < abandoned_from"
        " ORDER BY points.attempt DESC ON CONFLICT DO NOTHING",
    )
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("abandoned_from")
    for name in INDEXES:
        op.drop_index(name, "mixtures")


def _replace_points(more_columns: list[sa.Column], *, key: list[str], fill: str) -> None:
    """Put the points into a table with another key."""
    op.create_table(
        "new_points",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(96), nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        *more_columns,
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
        sa.PrimaryKeyConstraint(*key, name="pk_new_points"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_new_points_run_id"),
        sqlite_with_rowid=False,
    )
    op.execute(fill)
    op.drop_table("points")
    op.rename_table("new_points", "points")
    if op.get_bind().dialect.name == "postgresql":  # SQLite's constraints keep the name they were made with, unused
        op.execute("ALTER TABLE points RENAME CONSTRAINT pk_new_points TO pk_points")
        op.execute("ALTER TABLE points RENAME CONSTRAINT fk_new_points_run_id TO fk_points_run_id")


def _create_rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("name", sa.String(96), nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("first_step", sa.BigInteger, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("first_tokens", sa.BigInteger, nullable=False),
        sa.Column("last_tokens", sa.BigInteger, nullable=False),
        sa.Column("num_values", sa.BigInteger, nullable=False),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("least", sa.Double),
        sa.Column("greatest", sa.Double),
        sa.PrimaryKeyConstraint("run_id", "width", "name", "step", name="pk_rollups"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_rollups_run_id"),
        sqlite_with_rowid=False,
    )
