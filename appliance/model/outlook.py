"""Is the hardware sufficient for a host: what a build of it would take, said beforehand.

`build` writes it, pages and the API show it; standard library only.
"""

from dataclasses import dataclass

OK, WARN, BAD = "ok", "warn", "bad"
KINDS: tuple[str, ...] = (OK, WARN, BAD)
"""It is enough; it is tight or slow; it cannot be built so."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a build takes; `way` is the way out and `link` the page where it is, or ""."""

    kind: str  # KINDS
    what: str
    way: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """All of it for one host; `short` is for a list, `at` Unix seconds."""

    host: str
    short: str
    needs: tuple[Need, ...]
    at: float

    @property
    def kind(self) -> str:
        """The worst of its needs."""
        return max((one.kind for one in self.needs), key=KINDS.index, default=OK)
