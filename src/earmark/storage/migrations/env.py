"""Alembic's entry: run migrations on the connection and in the transaction that the store hands over."""

from alembic import context

from earmark.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The store begins transactions itself, so DDL is part of them on SQLite too.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
