"""Run by Alembic with the open connection that `crossfade_controller.migration` hands over."""

from alembic import context

from crossfade_controller.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite cannot alter a table in place
)
with context.begin_transaction():
    context.run_migrations()
