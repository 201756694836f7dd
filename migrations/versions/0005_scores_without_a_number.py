"""Scores without a number: what was measured may be no finite number, and nobody may have counted the samples.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEEPS = {"sqlite_autoincrement": True}
"""SQLite's table is made anew, which forgets this."""


def upgrade() -> None:
    with op.batch_alter_table("benchmark_results", table_kwargs=KEEPS) as results:
        results.add_column(sa.Column("flag", sa.String(4)))
        results.alter_column("value", existing_type=sa.Double, nullable=True)
        results.alter_column("num_samples", existing_type=sa.BigInteger, nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM benchmark_results WHERE value IS NULL OR num_samples IS NULL")
    with op.batch_alter_table("benchmark_results", table_kwargs=KEEPS) as results:
        results.alter_column("num_samples", existing_type=sa.BigInteger, nullable=False)
        results.alter_column("value", existing_type=sa.Double, nullable=False)
        results.drop_column("flag")
