"""Who was told of everything there was to tell is told of what is seen from outside, too."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEFORE = {"device", "internet", "change", "boot", "build", "role", "disk", "network"}
"""What there was when channels came; names on the internet came in between."""


def upgrade() -> None:
    """A channel that leaves something out was chosen for, and stays as it is."""
    channel = sa.table("channel", sa.column("id"), sa.column("topics"))
    rows = op.get_bind().execute(sa.select(channel.c.id, channel.c.topics)).all()
    for ident, stored in rows:
        topics = json.loads(stored)
        if set(topics) >= BEFORE and "exposed" not in topics:
            told = json.dumps([*topics, "exposed"])
            op.execute(channel.update().where(channel.c.id == ident).values(topics=told))
