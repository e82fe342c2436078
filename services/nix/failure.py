"""What nix complained about, as a sentence with the way out.

The known complaints are a table; without a match nix's own words speak.
"""

import re
from collections.abc import Mapping

from appliance.errors import Problem, Refused
from appliance.model.images import Finding
from services.nix.complaints import EVALUATION, Complaint
from services.nix.log_lines import named


class Troubled(Refused):
    """A source cannot be read, for what its flake does or its server says."""

    def __init__(self, found: Finding) -> None:
        super().__init__(Problem(("url",), found.what))
        self.found = found


def found(table: tuple[Complaint, ...], text: str) -> tuple[Complaint, dict[str, str]] | None:
    """The first complaint of `table` that `text` is, with what it names."""
    for failure in table:
        if match := re.search(failure.pattern, text, re.DOTALL):
            return failure, {name: value or "" for name, value in match.groupdict().items()}
    return None


def sentence(
    table: tuple[Complaint, ...], text: str, names: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """(kind, sentence) for an error text; kind "other" with nix's own words when unknown."""
    hit = found(table, text)
    if hit is None:
        return "other", own_words(text)
    failure, groups = hit
    return failure.kind, _filled(failure.what, groups, names)


def finding(text: str, trace: str = "", tree: str = "") -> tuple[str, Finding]:
    """(kind, finding) for an evaluation error.

    `trace` is all that nix says around it, `tree` the store path of the flake's own files.
    """
    text = in_flake(text, tree)
    hit = found(EVALUATION, text)
    where = place(trace, tree)
    if (hit is None or hit[0].kind == "outside-path") and "getEnv" in pointed_at(trace):
        what = f"{EMPTY_VARIABLE} {own_words(text)}"
        return "environment", Finding("bad", what, where=where, obstacle="environment")
    if hit is None:
        what = f"Its evaluation stops: {own_words(text)}"
        return "other", Finding("bad", what, where=where, obstacle="other")
    failure, groups = hit
    missing = failure.missing.format_map(_Blank(groups)) if failure.missing else None
    return failure.kind, Finding(
        "bad", _filled(failure.what, groups, None), missing, where, failure.kind
    )


EMPTY_VARIABLE = (
    "It reads an environment variable (getEnv), which is always empty in pure evaluation."
)


def answered(text: str) -> str:
    """What a server answered, for the middle of a sentence; "" when nobody says.

    >>> answered("HTTP error 404 ('')"), answered("fatal: Authentication failed")
    (' (the server answered 404)', '')
    """
    match = re.search(r"(?:HTTP error|returned error:|error:)\s*([45]\d\d)\b", text)
    return f" (the server answered {match.group(1)})" if match else ""


STALE = re.compile(r"could not update local clone|using cached version|using cached result")
"""Nix went on with what it had fetched before: not what a refresh is for."""


def own_words(text: str) -> str:
    """Nix's own message, short: the last paragraph's first lines."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("…", "at ", "|", "(stack trace"))]
    told = " ".join(lines[:4]) if lines else "nix gave no reason"
    return told[:600].rstrip(" .") + "."


def without_log(text: str) -> str:
    """An error without what a derivation printed, which may hold any words.

    >>> without_log("builder failed;\\nlast 1 log lines:\\n> Connection refused\\nnote: this")
    'builder failed;\\nlast 1 log lines:\\n\\nnote: this'
    """
    return re.sub(r"^\s*> .*$", "", text, flags=re.MULTILINE)


def in_flake(text: str, tree: str) -> str:
    """Names of files as the owner knows them: relative to the flake, or store paths.

    >>> in_flake("in /var/x/store/nix/store/abc-source/a.nix: no", "/nix/store/abc-source")
    'in a.nix: no'
    """
    text = re.sub(r"(?:/[^\s/'\"]+)+(?=/nix/store/)", "", text)
    return text.replace(f"{tree}/", "") if tree else text


def pointed_at(trace: str) -> str:
    """The lines of code that the frames of a trace point at, without those around them."""
    frames = re.finditer(r"\bat \S+:(\d+):\d+:\n((?:[ ]*\d*\|[^\n]*\n?)+)", trace)
    return "\n".join(
        line
        for number, excerpt in (frame.groups() for frame in frames)
        for line in excerpt.splitlines()
        if line.strip().startswith(f"{number}|")
    )


def place(trace: str, tree: str) -> str | None:
    """File and line of the flake that is nearest to the error, when nix names one."""
    frames = re.findall(r"\bat \S*(/nix/store/[^\s:/]+)/([^\s:]+):(\d+)", trace)
    own = [f"{file}:{line}" for root, file, line in frames if root == tree]
    return own[-1] if own else None


class _Blank(dict[str, str]):
    """Fills what is not known with nothing."""

    def __missing__(self, _: str) -> str:
        return ""


def _filled(what: str, groups: Mapping[str, str], names: Mapping[str, str] | None) -> str:
    shown = {name: _plain(name, value) for name, value in groups.items()}
    if groups.get("name"):
        shown["named"] = f" ({groups['name']})"
    given = {name: value for name, value in (names or {}).items() if not shown.get(name)}
    return what.format_map(_Blank({**shown, **given}))


def _plain(name: str, value: str) -> str:
    if name in {"drv", "second", "path"}:
        return named(value)
    return " ".join(value.split())[:400]
