"""Alembic's entry: runs the revisions on the connection it is handed. There is no configuration file."""

from __future__ import annotations

from alembic import context

from sotto_server.adapters.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
