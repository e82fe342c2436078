"""Builders: what their Nix has that a derivation may require, and what else they do."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """They have nothing special, and make whole builds."""
    with op.batch_alter_table("builder") as builder:
        builder.add_column(sa.Column("features", sa.String(), nullable=False, server_default=""))
        for name in ("shares", "evaluates"):
            builder.add_column(
                sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
            )
