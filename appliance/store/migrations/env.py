"""Run by alembic: carries out scripts on the connection that `open.py` hands over.

Batch mode, because SQLite changes a table by copying it.
"""

from alembic import context


def carry_out() -> None:
    """Every script that the file has not seen."""
    configuration = context.config
    context.configure(
        connection=configuration.attributes["connection"],
        target_metadata=configuration.attributes["metadata"],
        render_as_batch=True,
        user_module_prefix="sa.",
    )
    context.run_migrations()


if hasattr(context, "config"):  # imported by alembic, not by somebody who reads docstrings
    carry_out()
