"""Versions wait to be published in their own rows: the table of what waited goes.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UNPUBLISHED = sa.text("published_at IS NULL")


def upgrade() -> None:
    op.drop_table("outbox")
    op.create_index(
        "ix_mixtures_unpublished",
        "mixtures",
        ["run_id", "version"],
        sqlite_where=UNPUBLISHED,
        postgresql_where=UNPUBLISHED,
    )


def downgrade() -> None:
    op.drop_index("ix_mixtures_unpublished", "mixtures")
    op.create_table(
        "outbox",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "version", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["run_id", "version"], ["mixtures.run_id", "mixtures.version"], name="fk_outbox_run_id_version"
        ),
    )
    op.execute(
        "INSERT INTO outbox (run_id, version, created_at) "
        "SELECT run_id, version, created_at FROM mixtures WHERE published_at IS NULL"
    )
