"""A machine may be given a host once, and may wait for its host's newest image."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No machine has anything like that yet."""
    for name in ("once", "once_id", "once_host", "once_specialisation"):
        op.add_column("intent", sa.Column(name, sa.String()))
    op.add_column("machine", sa.Column("waits_seconds", sa.Integer()))
