"""A configuration as a file to keep, and such files read: our Nix module, JSON, the closed module.

What it writes it reads back to the identical RouterConfig.
"""

import json
from collections.abc import Mapping
from typing import Any

from appliance.errors import Problem, Refused
from appliance.model import nix, read
from appliance.model.closed_nixie import Translated, is_tree, translated
from appliance.model.config import SCHEMA, RouterConfig

HEAD = f"""\
# The configuration of a Nixie Router, layout {SCHEMA}.
# Make a draft of it: nixie change import FILE
"""


def exported(config: RouterConfig) -> str:
    """The configuration as a Nix module, every setting written out."""
    return f"{HEAD}{nix.write({'nixie': {'router': read.to_json(config)}})}\n"


def imported(text: str) -> Translated:
    """The configuration's JSON that a file holds; it is not checked yet.

    Raises Refused when it is neither Nix of plain values nor JSON.
    """
    tree = _tree(text)
    if is_tree(tree):
        return translated(tree)
    for name in ("nixie", "router"):
        inner = tree.get(name)
        if isinstance(inner, Mapping) and "networks" not in tree:
            tree = inner
    return Translated(dict(tree), ())


def _tree(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = nix.read(text)
    if not isinstance(found, Mapping):
        raise Refused(Problem((), "The file holds no settings: it begins with { and ends with }."))
    return found
