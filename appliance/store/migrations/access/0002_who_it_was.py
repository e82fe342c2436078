"""The audit says who it was: the kind of the actor and its id, beside the name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lines from before name nobody but by name."""
    for name in ("actor_kind", "actor_id"):
        op.add_column("audit", sa.Column(name, sa.String(), nullable=False, server_default=""))
