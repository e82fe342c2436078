"""Sources that are no flakes: a host from files with checksums."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every source there is names a flake."""
    column: sa.Column[str] = sa.Column("files", sa.String(), nullable=False, server_default="")
    op.add_column("source", column)
