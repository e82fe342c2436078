"""What becomes of something a machine shall boot once: one table of transitions.

Pure.  It is given until all of it was sent, for nothing can have run before that; from then on it
is never given again, whatever the power does.  A system that phones home has had its turn.  When
the machine asks anew without having been heard of, nobody knows what its disk is like: after an
installation the owner is asked, after anything else the machine goes on as before.
"""

from collections.abc import Mapping

ONCE = ("install", "rescue")
"""`install`: then the machine's own disk.  `rescue`: then what the machine had before."""

STATES = ("asked", "given", "started", "unsure", "spent")
"""`given`: its script was sent.  `started`: everything was sent.  `unsure`: and it asked again."""

EVENTS = ("asks", "gives", "sent", "failed", "up", "cut")
"""What the router sees: the machine asks for its script; it is told to boot this; all of it was
sent; iPXE says that it did not start; it phoned home; the router stopped while the last of it went
out."""

TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("asked", "gives"): "given",
    ("asked", "up"): "spent",
    ("given", "sent"): "started",
    ("given", "cut"): "started",
    ("given", "up"): "spent",
    ("started", "failed"): "given",
    ("started", "asks"): "unsure",
    ("started", "up"): "spent",
    ("unsure", "up"): "spent",
}
"""Whatever is not here changes nothing."""


def after(kind: str, state: str, event: str, *, watched: bool = True) -> str:
    """The state that follows.  What is not `watched` cannot phone home: sent, it had its turn.

    >>> after("install", "started", "asks"), after("rescue", "started", "asks")
    ('unsure', 'spent')
    """
    found = TRANSITIONS.get((state, event), state)
    if found == "unsure" and kind != "install":
        return "spent"
    return "spent" if found == "started" and not watched else found


def gives(state: str) -> bool:
    """May the machine be given it now?"""
    return state in ("asked", "given")
