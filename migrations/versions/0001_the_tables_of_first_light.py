"""The tables of first light.

Revision: 0001, the first one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The database numbers these itself; SQLite does so for INTEGER alone.
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_runs()
    _create_history()
    _create_delivery()
    _create_measurements()


def downgrade() -> None:
    for table in (
        "points",
        "benchmark_results",
        "telemetry_batches",
        "outbox",
        "events",
        "mixtures",
        "attempts",
        "sources",
        "runs",
    ):
        op.drop_table(table)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("horizon_tokens", sa.BigInteger, nullable=False),
        sa.Column("signing_key", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger),
        sa.Column("tokens", sa.BigInteger),
        sa.Column("phase", sa.String(16)),
        sa.Column("last_report_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("name", name="uq_runs_name"),
    )
    op.create_table(
        "sources",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("unique_tokens", sa.BigInteger, nullable=False),
        sa.Column("capabilities", sa.JSON, nullable=False),
        sa.Column("max_epochs", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_sources"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_sources_run_id"),
    )
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("start_step", sa.BigInteger),
        sa.Column("total_steps", sa.BigInteger),
        sa.Column("tokens_per_step", sa.BigInteger),
        sa.Column("world_size", sa.BigInteger),
        sa.Column("fenced_at", MOMENT),
        sa.PrimaryKeyConstraint("run_id", "attempt", name="pk_attempts"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_attempts_run_id"),
    )


def _create_history() -> None:
    op.create_table(
        "mixtures",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("weights_ppm", sa.JSON, nullable=False),
        sa.Column("takes_effect", sa.JSON, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("base_version", sa.Integer),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_digest", sa.String(64)),
        sa.Column("published_at", MOMENT),
        sa.Column("applied_at", MOMENT),
        sa.Column("superseded_at", MOMENT),
        sa.Column("effective_step", sa.BigInteger),
        sa.Column("effective_steps", sa.JSON),
        sa.PrimaryKeyConstraint("run_id", "version", name="pk_mixtures"),
        sa.UniqueConstraint("run_id", "idempotency_key", name="uq_mixtures_run_id_idempotency_key"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_mixtures_run_id"),
    )
    op.create_table(
        "events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_events_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_run_id_id", "events", ["run_id", "id"])


def _create_delivery() -> None:
    op.create_table(
        "outbox",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "version", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["run_id", "version"], ["mixtures.run_id", "mixtures.version"], name="fk_outbox_run_id_version"
        ),
    )
    op.create_table(
        "telemetry_batches",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "attempt", "sequence", name="pk_telemetry_batches"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_telemetry_batches_run_id"),
        sqlite_with_rowid=False,
    )


def _create_measurements() -> None:
    op.create_table(
        "benchmark_results",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.String(200), nullable=False),
        sa.Column("task", sa.String(200), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("filter", sa.String(64), nullable=False),
        sa.Column("num_fewshot", sa.Integer, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("limit", sa.Double),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("stderr", sa.Double),
        sa.Column("num_samples", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(64)),
        sa.Column("higher_is_better", sa.Boolean),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_benchmark_results"),
        sa.UniqueConstraint("run_id", "identity", name="uq_benchmark_results_run_id_identity"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_benchmark_results_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "points",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(96), nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
        sa.PrimaryKeyConstraint("run_id", "name", "step", name="pk_points"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_points_run_id"),
        sqlite_with_rowid=False,
    )
