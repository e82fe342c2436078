"""The networks on which nobody is told of new devices."""

import json
from typing import Any


def silent_networks(config: str, allow: str) -> frozenset[str]:
    """The names of networks whose `newcomers` is that word, in a configuration's JSON.

    >>> silent_networks('{"networks": [{"name": "a", "newcomers": "x"}, {"name": "b"}]}', "x")
    frozenset({'a'})
    """
    stored: Any = json.loads(config)
    return frozenset(
        str(one["name"]) for one in stored.get("networks", ()) if one.get("newcomers") == allow
    )
