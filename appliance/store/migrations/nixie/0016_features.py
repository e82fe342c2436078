"""Builders: what their Nix has that a derivation may require."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None says that it has any."""
    with op.batch_alter_table("builder") as builder:
        builder.add_column(sa.Column("features", sa.String(), nullable=False, server_default=""))
