"""Wishes: the only way web asks another role for something.

A row in nixie.db; the answer is an event in the other role's file that names the wish.
`KINDS` is the whole vocabulary.
"""

import json
from collections.abc import Mapping

KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "dns": {
        "pause": ("until",),  # Unix seconds
        "note": ("until",),  # questions are put down; Unix seconds
        "look": ("name", "record", "client"),  # client: an address, or ""
    },
    "build": {
        "refresh": ("source",),
        "build": ("host",),
        "cancel": ("build",),
        "retry": ("build",),
        "try": ("builder",),
        "try-cache": ("cache",),
        "has": ("cache", "what"),  # what: a store path, or a host by its id
        "clear": ("bytes",),  # of garbage in the store; "0" is all of it
        "push": ("host", "push"),  # push: what web left in pushed/
    },
    "boot": {
        "pin": ("host", "image"),
        "unpin": ("host",),
        "set-aside": ("host", "image"),  # the owner rolls back from it
        "try-again": ("host", "image"),
        "wake": ("machine",),
        "approve-identity": ("machine", "code"),
        "refuse-identity": ("machine", "code"),
        "forget-identity": ("machine",),
    },
    "net": {
        "apply": ("revision", "seconds"),
        "keep": ("change",),
        "undo": ("change", "by"),
        "extend": ("change", "seconds"),
        "outside": ("link",),  # look at the router from behind the internet's port
        # Packets of a flow are told of; Unix seconds, and the fields of model/trace.py's.
        "trace": ("until", "source", "senders", "destination", "receivers", "protocol", "port"),
    },
    "notice": {
        "test": ("channel",),
        "publish": ("name",),  # of the internet, by its id
    },
    "wan": {
        "renew": ("link",),
        "probe": ("ports",),
    },
}
"""Role → kind → the fields its body must have; a `change` is the id of the wish to apply it,
`ports` are names with spaces between."""


def body(role: str, kind: str, **fields: str) -> str:
    """The JSON body of a wish.  Raises ValueError when `KINDS` does not have it so."""
    expected = KINDS.get(role, {}).get(kind)
    if expected is None:
        raise ValueError(f"{role} knows no wish {kind!r}")
    if set(fields) != set(expected):
        raise ValueError(f"{role}'s {kind} needs {expected}, got {tuple(fields)}")
    return json.dumps(fields, sort_keys=True)
