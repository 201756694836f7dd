"""What the benchmarks of a run are meant to reach.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("targets", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("runs", "targets")
