"""Where the owner is told of things."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is told yet."""
    op.create_table(
        "channel",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "account", "origin", "kind", "name", "settings", "topics")
        ),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
