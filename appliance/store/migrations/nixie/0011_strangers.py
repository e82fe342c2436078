"""Sources: which of them this router builds nothing of, and whom at home they may reach."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All may be built here, and reach nobody but their own server."""
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("only_builders", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reach", sa.String(), nullable=False, server_default="[]"),
    )
    for column in columns:
        op.add_column("source", column)
