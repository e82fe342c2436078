"""Run by alembic: carries out scripts on the connection that `open.py` hands over.

Batch mode, because SQLite changes a table by copying it.
"""

from alembic import context

configuration = context.config
context.configure(
    connection=configuration.attributes["connection"],
    target_metadata=configuration.attributes["metadata"],
    render_as_batch=True,
    user_module_prefix="sa.",
)
context.run_migrations()
