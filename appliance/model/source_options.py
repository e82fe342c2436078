"""The parameters of a flake's address, `?ref= ?rev= ?dir=` and the fetchers' own.

Text in, checked text out, or `NotASource`.  Branch names follow git-check-ref-format, narrowed to
what is typed by hand.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import parse_qsl

HOME_ENDINGS = (".local", ".lan", ".home", ".home.arpa", ".internal", ".test", ".localhost")

_REF = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./+@-]*")
_REV = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


class NotASource(ValueError):
    """The text names no flake that Nixie can fetch; `what` is a sentence with the way out."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def options_of(query: str) -> dict[str, str]:
    """The parameters after `?`, decoded; each once."""
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict"
        )
    except ValueError:
        raise NotASource(
            "The part after '?' is not a list of name=value. Write ?ref=main or ?dir=hosts."
        ) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise NotASource(f"?{name}= is there twice. Keep one of them.")
        if any(c.isspace() or not c.isprintable() for c in value):
            raise NotASource(f"?{name}= hides a control character or white space. Remove it.")
        found[name] = value
    return found


def known_only(options: Mapping[str, str], known: tuple[str, ...]) -> dict[str, str]:
    """Options of the kinds `known`; each checked."""
    for name in options:
        if name not in known:
            raise NotASource(
                f"?{name}= is not known for this kind of address. It takes {', '.join(known)}."
            )
    return {name: _CHECKS[name](options[name]) for name in options}


def branch(value: str) -> str:
    """The name of a branch or tag."""
    wrong = ".." in value or "@{" in value or "//" in value or value.endswith((".lock", "/", "."))
    if not _REF.fullmatch(value) or wrong:
        raise NotASource(f"{value!r} is not the name of a branch or tag. Write ?ref=main.")
    return value


def commit(value: str) -> str:
    """A full commit, SHA-1 or SHA-256."""
    if not _REV.fullmatch(value):
        raise NotASource(
            f"{value!r} is not a commit. A commit has 40 digits and letters a to f; for a "
            f"branch or tag "
            "write ?ref= instead."
        )
    return value


def directory_inside(value: str) -> str:
    """A directory of the tree, empty for its top."""
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or value.startswith("-"):
        raise NotASource(
            f"?dir={value} leaves the flake. Write a directory inside it, such as ?dir=hosts."
        )
    return "" if str(path) == "." else str(path)


def server_name(value: str) -> str:
    """A server's name or address, in lower case."""
    if not _HOST.fullmatch(value) or ".." in value:
        raise NotASource(f"{value!r} is not the name of a server. Write it as git.example.org.")
    return value.lower()


def is_private(host: str) -> bool:
    """A host of the owner's own network, by its address or name; names are not looked up.

    >>> is_private("192.168.1.4"), is_private("git.lan"), is_private("github.com")
    (True, True, False)
    """
    try:
        return not ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." not in host or host.endswith(HOME_ENDINGS)


def is_commit(value: str) -> bool:
    """Whether the text is a full commit."""
    return _REV.fullmatch(value) is not None


def flag(value: str) -> str:
    """ "1" for yes, empty for no."""
    if value not in ("1", "true", "0", "false"):
        raise NotASource(f"{value!r} should be 1 or 0.")
    return "1" if value in ("1", "true") else ""


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "ref": branch,
    "rev": commit,
    "dir": directory_inside,
    "host": server_name,
    "submodules": flag,
    "shallow": flag,
    "lfs": flag,
}
