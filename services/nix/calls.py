"""The nix calls that the build role makes itself, as an untrusted client of the daemon: argv."""

from collections.abc import Mapping
from pathlib import Path

from services.nix import expression
from services.nix.store import Store

NOT_HERE = {"max-jobs": "0"}
NOTHING_BUILT = {**NOT_HERE, "builders": ""}
"""The daemon takes these from anybody: it starts no builder for this client, here or at all."""

AS_USUAL: Mapping[str, str] = {}
NO_CACHE = ("--option", "substitute", "false")
"""For what is here already, or comes from elsewhere: a cache that does not answer costs seconds."""


def realise(
    store: Store,
    drvs: tuple[str, ...],
    root: Path,
    live: tuple[str, ...],
    *,
    without: Mapping[str, str] = AS_USUAL,
) -> tuple[str, ...]:
    """Build `drvs`, each kept by a root: `root`, `root`-2, `root`-3 in their order.

    Of the daemon's caches only those of `live`, their URLs, are asked.  `without` is NOT_HERE, or
    NOTHING_BUILT to take only what they have.
    """
    return (
        *(store.program("nix-store"), "--realise", *drvs),
        *("--add-root", str(root), "--indirect"),
        *("--option", "substituters", " ".join(live)),
        *options_of(without),
        *("--log-format", "internal-json", "-v"),
    )


def rehearse(store: Store, drvs: tuple[str, ...], live: tuple[str, ...]) -> tuple[str, ...]:
    """Say what building `drvs` would fetch and build."""
    return (
        *(store.program("nix-store"), "--realise", "--dry-run", *drvs),
        *("--option", "substituters", " ".join(live)),
    )


def collect(store: Store, size: int) -> tuple[str, ...]:
    """Remove what nothing keeps, until `size` bytes are freed."""
    return (store.program("nix-store"), "--gc", "--max-freed", str(size))


def keep(store: Store, paths: tuple[str, ...], root: Path) -> tuple[str, ...]:
    """Root paths that are there (sources, inputs); fails when one is gone."""
    return (
        *(store.program("nix-store"), "--realise", *paths, *NO_CACHE),
        *("--add-root", str(root), "--indirect"),
    )


def keep_derivations(store: Store, drvs: tuple[str, ...], root: Path) -> tuple[str, ...]:
    """Root derivations themselves, not what they build; works on 2.8 and on 2.26 alike."""
    return (
        *(store.program("nix-instantiate"), "--add-root", str(root), "--indirect", *NO_CACHE),
        *("--expr", expression.derivations(drvs)),
    )


def add(store: Store, place: Path) -> tuple[str, ...]:
    """Put a file into the store, by its own name and SHA-256; says its path there."""
    return (store.program("nix-store"), "--add-fixed", "sha256", str(place))


def drop(store: Store, path: str) -> tuple[str, ...]:
    """Take one path out of the store, now; what something still needs stays."""
    return (store.program("nix-store"), "--delete", path)


def options_of(options: Mapping[str, str]) -> tuple[str, ...]:
    """Settings as options of a call."""
    return tuple(word for pair in options.items() for word in ("--option", *pair))
