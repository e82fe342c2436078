"""Wishes: the only way web asks another role for something.

A row in nixie.db; the answer is an event in the other role's file that names the wish.
`KINDS` is the whole vocabulary.
"""

from collections.abc import Mapping

KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "build": {
        "refresh": ("source",),
        "build": ("host",),
        "cancel": ("build",),
        "retry": ("build",),
    },
    "boot": {
        "forget-held": ("network", "mac"),
    },
}
"""Role → kind → the fields its body must have."""
