"""How many generations of each host stay."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has said so yet."""
    op.create_table(
        "retention",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("account", "origin")),
        sa.Column("keep", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
