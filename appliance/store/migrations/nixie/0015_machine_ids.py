"""Machines: an id that systemd knows each by, and whether its identity is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# A version 4 UUID (RFC 9562 §5.4), as systemd makes them.
RANDOM = (
    "UPDATE machine SET machine_id = substr(lower(hex(randomblob(16))), 1, 12) || '4'"
    " || substr(lower(hex(randomblob(2))), 1, 3) || substr('89ab', 1 + (random() & 3), 1)"
    " || substr(lower(hex(randomblob(8))), 1, 15)"
)


def upgrade() -> None:
    """Every machine gets an id of its own; identities are kept where the owner says so."""
    with op.batch_alter_table("machine") as machine:
        machine.add_column(sa.Column("machine_id", sa.String(), nullable=False, server_default=""))
        machine.add_column(
            sa.Column("keeps_identity", sa.Boolean(), nullable=False, server_default="0")
        )
    op.execute(RANDOM)
