"""When a source is looked at beside its interval: at set times, and when its forge tells."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """By its interval alone so far."""
    op.add_column("source", sa.Column("schedule", sa.String(), nullable=False, server_default=""))
    op.add_column("source", sa.Column("webhook", sa.String(), nullable=True))
