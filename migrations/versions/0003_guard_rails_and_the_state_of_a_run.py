"""Guard rails and the state of a run.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Runs that began without guard rails go on without them.
NO_RAILS = '{"epoch_budget": false}'


def upgrade() -> None:
    op.add_column("runs", sa.Column("guardrails", sa.JSON, nullable=False, server_default=NO_RAILS))
    op.add_column("runs", sa.Column("frozen", sa.JSON))
    op.add_column("mixtures", sa.Column("asked_ppm", sa.JSON))
    op.add_column("mixtures", sa.Column("decay_tokens", sa.BigInteger))
    for name in ("evidence", "guardrails", "override"):
        op.add_column("mixtures", sa.Column(name, sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    for name in ("override", "guardrails", "evidence", "decay_tokens", "asked_ppm"):
        op.drop_column("mixtures", name)
    for name in ("frozen", "guardrails"):
        op.drop_column("runs", name)
