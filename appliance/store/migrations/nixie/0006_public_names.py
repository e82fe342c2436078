"""Names on the internet that follow this router."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are none yet."""
    op.create_table(
        "public_name",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "account", "origin", "name", "service", "settings")
        ),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
