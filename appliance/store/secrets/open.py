"""The door to one role's folder of secrets.

A file is replaced whole, by rename after fsync, and never exists with a wider mode than asked.
"""

import os
from pathlib import Path

CLAIM_FILE = "claim"


class Secrets:
    """One folder, mode 0750: its owner writes, the broker (root, or the group) may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes | None:
        """The content, None when there is no such secret."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes, *, mode: int = 0o600) -> None:
        """Store it so that a power cut leaves the old or the new content."""
        path = self._path(name)
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            os.fchmod(handle, mode)
            if os.geteuid() == 0:  # at the console: the role has to read it
                there = path.parent.stat()
                os.fchown(handle, there.st_uid, there.st_gid)
            os.write(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def names(self, folder: str) -> list[str]:
        """Secrets in a folder below; none when there is no such folder."""
        path = self._path(folder)
        return sorted(one.name for one in path.iterdir()) if path.is_dir() else []

    def rename(self, name: str, to: str) -> None:
        """Call it otherwise; what was called so before is gone."""
        self._path(name).replace(self._path(to))

    def remove(self, name: str) -> None:
        """Forget it."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if not all(part and part not in (".", "..") for part in parts):
            raise ValueError(f"{name!r} is not a secret's name")
        return self.folder.joinpath(*parts)


def claim_code(state: Path) -> str | None:
    """The code of an open claim, for whoever may read it; None when none is open.

    Raises PermissionError.
    """
    try:
        return (state / "secrets/web" / CLAIM_FILE).read_text().strip()
    except PermissionError:
        raise
    except OSError:
        return None


def random_bytes(count: int) -> bytes:
    """From the kernel."""
    return os.urandom(count)
