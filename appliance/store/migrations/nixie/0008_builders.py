"""Builders: other computers that build for this router."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are none yet."""
    op.create_table(
        "builder",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "account", "origin", "name", "host", "user", "systems", "host_key")
        ),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("port", "jobs", "speed")),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
