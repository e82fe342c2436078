"""The store we build into: where it lies, how to talk to its daemon, how to find its files.

A `Store` goes to every nix call, and `Store.file` is the only thing that turns a store path into a
file: with a chroot store, /nix/store/x lies at <root>/nix/store/x.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.nix.store_path import STORE

SYSTEM_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Store:
    """One store with its daemon.  `root` is / for the system's own store."""

    nix: Path  # the nix binary; the other names lie beside it
    root: Path
    socket: Path
    conf: Path  # the folder with our nix.conf
    roots: Path  # our garbage collector roots, as links
    fetch_cache: Path  # home of the fetch user: git and tarball caches

    @property
    def uri(self) -> str:
        """What clients use as NIX_REMOTE."""
        if self.root == SYSTEM_ROOT:
            return f"unix://{self.socket}"
        return f"unix://{self.socket}?root={self.root}"

    def fetch_home(self, user: str) -> Path:
        """Home of a user that fetches."""
        return self.fetch_cache.with_name(user)

    @property
    def arrivals(self) -> Path:
        """Where what builders made lies on its way into the store; on the same disk."""
        return self.socket.parent.parent / "arrivals"

    @property
    def local_uri(self) -> str:
        """What the daemon itself opens."""
        return "local" if self.root == SYSTEM_ROOT else f"local?root={self.root}"

    def program(self, name: str) -> str:
        """nix-store and the like: the same binary under another name."""
        return str(self.nix.with_name(name))

    def file(self, path: str) -> Path:
        """The file behind a store path.  Raises ValueError for anything outside the store."""
        if not path.startswith(f"{STORE}/") or ".." in path.split("/"):
            raise ValueError(f"{path} is not below {STORE}")
        return self.root / path.lstrip("/")

    def environment(self, home: str) -> Mapping[str, str]:
        """Variables of every client: our conf, our daemon, nobody's own settings."""
        return {
            "HOME": home,
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "NIX_CONF_DIR": str(self.conf),
            "NIX_USER_CONF_FILES": "",
            "NIX_REMOTE": self.uri,
        }


def store_in(state: Path, nix: Path, *, system_store: bool) -> Store:
    """The store of this state directory.

    `system_store`: a /nix/store with its database is there, so our daemon works on that one.
    """
    return Store(
        nix=nix,
        root=SYSTEM_ROOT if system_store else state / "store",
        socket=state / "run/nix/socket",
        conf=state / "nix",
        roots=state / "gcroots",
        fetch_cache=state / "run/fetch",
    )
