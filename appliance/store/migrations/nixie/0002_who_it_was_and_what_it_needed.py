"""An act says who it was (kind and id, beside the name) and the scope that it needed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# An undo is of the act that it took back, through however many undos.
EVERYBODYS = """
WITH RECURSIVE owners(id) AS (
  SELECT id FROM act WHERE verb IN (
    'allow_directory', 'forbid_directory', 'set_source_credential', 'propose_revision', 'save_draft'
  )
  UNION SELECT act.id FROM act JOIN owners ON act.undoes = owners.id
)
UPDATE act SET scope = 'write' WHERE id NOT IN owners
"""


def upgrade() -> None:
    """Acts from before are of nobody but by name; what only owners did stays theirs."""
    for name, before in (("actor_kind", ""), ("actor_id", ""), ("scope", "admin")):
        op.add_column("act", sa.Column(name, sa.String(), nullable=False, server_default=before))
    op.execute(EVERYBODYS)
