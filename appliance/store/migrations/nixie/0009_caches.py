"""Binary caches that are asked before anything is built, in the order of `place`."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There is the one that Nix has itself."""
    table = op.create_table(
        "cache",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "account", "origin", "url", "keys", "user")
        ),
        sa.Column("credential", sa.String(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(
        table,
        [
            {
                "id": "nixos",
                "account": "local",
                "origin": "local",
                "url": "https://cache.nixos.org",
                "keys": "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGsPJBuXXA=",
                "user": "",
                "credential": None,
                "place": 1,
                "enabled": True,
                "set_at": 0.0,
            }
        ],
    )
