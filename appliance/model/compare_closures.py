"""Two systems side by side, package by package: what came, what went, what has another version.

Law: the Nix manual, `builtins.parseDrvName`: a name ends before the first dash that no letter
follows; the rest is the version.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from appliance.model.closures import Closure

_HASH_DIGITS = 32
_DASH = re.compile(r"-(?![A-Za-z])")
_OUTPUTS = frozenset(
    {
        *("bin", "data", "debug", "dev", "devdoc", "dist", "doc", "getent", "info", "lib"),
        *("libgcc", "man", "out", "static", "terminfo"),
    }
)
"""Outputs of a package beside its first one, as a path of nixpkgs says them behind the version."""


class Package(NamedTuple):
    """One package: its versions in both, () where it is not; `grown` are bytes, less than none
    when it shrank.  A version "" is a path whose name has none."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    grown: int


class Contents(NamedTuple):
    """Two systems.  `rebuilt` counts packages of the same versions that were built otherwise."""

    changed: tuple[Package, ...]
    added: tuple[Package, ...]
    removed: tuple[Package, ...]
    rebuilt: int
    before: int  # bytes in all
    after: int

    @property
    def same(self) -> bool:
        """Path by path."""
        return not (self.changed or self.added or self.removed or self.rebuilt)


def contents(before: Closure, after: Closure) -> Contents:
    """What is different from one system to the other; each list is sorted by name."""
    sides = _packages(before), _packages(after)
    lists: dict[str, list[Package]] = {"changed": [], "added": [], "removed": []}
    rebuilt = 0
    for name in sorted(sides[0].keys() | sides[1].keys()):
        was, now = (side.get(name, {}) for side in sides)
        versions = _versions(was), _versions(now)
        if versions[0] != versions[1]:
            which = "changed" if was and now else "added" if now else "removed"
            grown = sum(now.values()) - sum(was.values())
            lists[which].append(Package(name, *versions, grown))
        elif was.keys() != now.keys():
            rebuilt += 1
    return Contents(
        changed=tuple(lists["changed"]),
        added=tuple(lists["added"]),
        removed=tuple(lists["removed"]),
        rebuilt=rebuilt,
        before=sum(before.values()),
        after=sum(after.values()),
    )


def unsaid(names: Sequence[str]) -> str:
    """Why the systems of these are not compared.

    >>> unsaid(["generation 1"]).partition(":")[0]
    'Nobody noted what generation 1 is made of'
    """
    are, they, them = ("is", "it", "it") if len(names) == 1 else ("are", "they", "them")
    return (
        f"Nobody noted what {' and '.join(names)} {are} made of: {they} {are} older than such "
        f"notes, or who built {them} did not say."
    )


def named(name: str) -> tuple[str, str]:
    """Package and version of a name without its hash part.

    >>> named("openssl-3.0.14-bin"), named("linux-headers-6.9"), named("unit-sshd.service")
    (('openssl', '3.0.14'), ('linux-headers', '6.9'), ('unit-sshd.service', ''))
    """
    found = _DASH.search(name)
    if found is None or found.end() == len(name):
        return name, ""
    version = name[found.end() :]
    stem, dash, output = version.rpartition("-")
    return name[: found.start()], stem if dash and output in _OUTPUTS else version


def _packages(closure: Closure) -> Mapping[str, Mapping[str, int]]:
    """The paths of each package, hash part and all, with their sizes."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for path, size in closure.items():
        found[named(path[_HASH_DIGITS + 1 :])[0]][path] = size
    return found


def _versions(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({named(path[_HASH_DIGITS + 1 :])[1] for path in paths}))
