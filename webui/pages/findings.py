"""Findings, ready to print: what was found, where, and the line that is missing."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from appliance.model.images import Finding


class Found(NamedTuple):
    """`kind` is "note", "warn" or "bad"."""

    kind: str
    what: str  # its first sentence
    more: str  # and the others
    where: str
    missing: str


_ORDER = ("bad", "warn", "note")


def found(findings: Iterable[Finding]) -> tuple[Found, ...]:
    """The worst first."""
    rows = [_found(each) for each in findings]
    return tuple(sorted(rows, key=lambda row: _ORDER.index(row.kind) if row.kind in _ORDER else 1))


def _found(finding: Finding) -> Found:
    what, stop, more = finding.what.strip().partition(". ")
    return Found(
        finding.severity, f"{what}{stop.strip()}", more, finding.where or "", finding.missing or ""
    )


def worst(findings: Sequence[Finding]) -> str:
    """ "bad", "warn", "note", or "" when there is nothing to say."""
    return next((kind for kind in _ORDER if any(f.severity == kind for f in findings)), "")
