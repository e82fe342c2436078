"""New devices that the owner lets in where newcomers are held back."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody was let in yet."""
    column: sa.Column[bool] = sa.Column(
        "let_in", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("device", column)
