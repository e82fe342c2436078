"""flake.lock, read and audited before anything of the flake is evaluated.

Only `locked` nodes count.  Each is either fetched (node by node, as `fetch`), inside the source
itself, or cannot be fetched, which is a finding and an error only if evaluation touches it.
Versions 5 to 7 of the format; the Nix manual, "Lock files".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from appliance.errors import Problem, Refused
from appliance.model.images import Finding
from appliance.model.source_options import is_private
from appliance.model.source_url import FORGE_HOSTS
from appliance.model.trust import treatment
from services.nix.expression import Value
from services.nix.store_path import NAR_HASH

VERSIONS = (5, 6, 7)
LARGEST_BYTES = 4 << 20
KEPT = frozenset(
    {
        *("type", "owner", "repo", "host", "url", "ref", "rev", "narHash"),
        *("submodules", "shallow", "allRefs", "lastModified", "revCount"),
        *("exportIgnore", "lfs"),  # of git: they decide which files the tree has
    }
)
FETCHED = {"github", "gitlab", "sourcehut", "git", "tarball", "file"}


@dataclass(frozen=True, slots=True)
class Node:
    """One locked input.  `name` is how the flake calls it, "nixpkgs" or "home/nixpkgs"."""

    name: str
    locked: Mapping[str, Value]
    original: Mapping[str, Value]
    nar_hash: str
    host: str  # "" when it lies on this machine

    @property
    def address(self) -> str:
        """What every error of nix about it holds: its URL, or a forge's revision."""
        return str(self.locked.get("url") or self.revision)

    @property
    def port(self) -> int:
        """The server's port, 0 for the scheme's own."""
        try:
            return urlsplit(str(self.locked.get("url", ""))).port or 0
        except ValueError:
            return 0

    @property
    def revision(self) -> str:
        """The commit, or the NAR hash of what has none."""
        return str(self.locked.get("rev", self.nar_hash))

    @property
    def last_modified(self) -> int:
        """Unix seconds, 0 when unknown."""
        return int(self.locked.get("lastModified", 0))


@dataclass(frozen=True, slots=True)
class Audit:
    """What a lock file asks for: inputs to fetch, and what the owner should know."""

    fetch: tuple[Node, ...]
    absent: Mapping[str, Finding]  # what is not fetched, by its address

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the owner should know."""
        return tuple(self.absent.values())


EMPTY = Audit((), {})


def audit(text: str | None, trust: str, at_home: frozenset[str] = frozenset()) -> Audit:
    """Read a flake.lock; None means the flake has none.

    A stranger's inputs are never fetched from the owner's own network, except from the servers
    `at_home` that the owner listed.  Raises Refused when the file cannot be read.
    """
    if text is None:
        return EMPTY
    fetch: list[Node] = []
    absent: dict[str, Finding] = {}
    for node in nodes(text):
        finding = _finding(node, trust, at_home)
        if finding is not None:
            absent[node.address or node.name] = finding
        elif node.host:
            fetch.append(node)
    return Audit(tuple(fetch), absent)


def nodes(text: str) -> tuple[Node, ...]:
    """Every locked input that the root reaches, each once, by its shortest name.

    Raises Refused when the file is not a lock file that Nix 2.8 or newer wrote.
    """
    if len(text) > LARGEST_BYTES:
        raise _refused("flake.lock is larger than 4 MiB.")
    try:
        stored = json.loads(text)
        version = stored["version"]
        known, root = stored["nodes"], stored["root"]
        if version not in VERSIONS:
            raise _refused(
                f"flake.lock has version {version}; known are 5 to 7. Run nix flake update "
                "with a current Nix and commit the result."
            )
        return tuple(_reached(known, root))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(
            "flake.lock cannot be read: it is not what nix writes. Delete it, run nix flake lock "
            "and commit the result."
        ) from error


def changes(before: str | None, after: str | None) -> tuple[str, ...]:
    """What two lock files differ in, one sentence per direct input."""
    old = {node.name: node for node in _known(before) if "/" not in node.name}
    new = {node.name: node for node in _known(after) if "/" not in node.name}
    told = [f"Input {name} is new." for name in sorted(new.keys() - old.keys())]
    told += [f"Input {name} is gone." for name in sorted(old.keys() - new.keys())]
    for name in sorted(new.keys() & old.keys()):
        if old[name].revision != new[name].revision:
            told.append(_moved(old[name], new[name]))
    return tuple(told)


def host_of(locked: Mapping[str, Value]) -> str:
    """The machine a locked input is fetched from, "" when that is this one."""
    kind = str(locked.get("type", ""))
    if kind in FORGE_HOSTS:
        return str(locked.get("host", FORGE_HOSTS[kind])).lower()
    if kind in FETCHED:
        return (urlsplit(str(locked.get("url", ""))).hostname or "").lower()
    return ""


def _moved(old: Node, new: Node) -> str:
    days = (new.last_modified - old.last_modified) // 86_400
    age = ""
    if old.last_modified and new.last_modified and days:
        age = f", {abs(days)} day{'s' if abs(days) != 1 else ''} {'newer' if days > 0 else 'older'}"
    return f"Input {new.name}: {short(old.revision)} → {short(new.revision)}{age}."


def short(revision: str) -> str:
    """A revision as people say it.

    >>> short("0123456789abcdef0123456789abcdef01234567"), short("sha256-wX/1gkzs")
    ('0123456', 'wX/1gkz')
    """
    return revision.removeprefix("sha256-")[:7]


def _known(text: str | None) -> tuple[Node, ...]:
    try:
        return nodes(text) if text is not None else ()
    except Refused:
        return ()


def _reached(known: Mapping[str, Any], root: str) -> list[Node]:
    found: list[Node] = []
    seen = {root}
    waiting = [(root, "")]
    while waiting:
        key, front = waiting.pop(0)
        for name, target in sorted(known[key].get("inputs", {}).items()):
            if not isinstance(target, str) or target in seen:
                continue  # a list is a path to a node ("follows"), which has its own entry
            seen.add(target)
            waiting.append((target, f"{front}{name}/"))
            if "parent" not in known[target]:  # a relative path inside its parent
                found.append(_node(f"{front}{name}", known[target]))
    return found


def _node(name: str, stored: Mapping[str, Any]) -> Node:
    locked = {
        key: value for key, value in stored["locked"].items() if isinstance(value, (str, int, bool))
    }
    original = {
        key: value
        for key, value in stored.get("original", {}).items()
        if isinstance(value, (str, int, bool))
    }
    return Node(
        name=name,
        locked={key: value for key, value in locked.items() if key in KEPT},
        original=original,
        nar_hash=str(locked.get("narHash", "")),
        host=host_of(locked),
    )


def _finding(node: Node, trust: str, at_home: frozenset[str]) -> Finding | None:
    kind = str(node.locked.get("type", ""))
    if kind in {"path"} or (kind in FETCHED and not node.host):
        place = node.locked.get("url") or node.original.get("path") or "a directory"
        return Finding(
            "warn",
            f"Input {node.name} lies on the computer where the flake was locked ({place}). "
            "A host that uses it cannot be evaluated here.",
            missing=f'inputs.{node.name}.url = "github:owner/repository";',
            where="flake.nix",
            obstacle="local-input",
        )
    if kind not in FETCHED:
        return Finding(
            "warn",
            f"Input {node.name} is of the kind {kind or 'unknown'}, which Nixie does not fetch.",
            where="flake.lock",
            obstacle="unknown-input",
        )
    if not NAR_HASH.fullmatch(node.nar_hash):
        return Finding(
            "warn",
            f"Input {node.name} has no NAR hash in flake.lock, so it cannot be fetched safely. "
            "Run nix flake update and commit the result.",
            where="flake.lock",
            obstacle="unlocked-input",
        )
    if _unlisted(node, trust, at_home):
        return Finding(
            "warn",
            f"Input {node.name} lies on {node.host}, inside your own network. A stranger's source "
            "may not fetch from there; if this one shall, add that server to its settings.",
            where="flake.lock",
            obstacle="private-address",
        )
    return None


def _unlisted(node: Node, trust: str, at_home: frozenset[str]) -> bool:
    own = is_private(node.host) and not treatment(trust).own_network
    return own and node.host not in at_home


def _refused(what: str) -> Refused:
    return Refused(Problem(("lock",), what))
