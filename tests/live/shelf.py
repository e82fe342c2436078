"""A Nix store that is kept from one run of the tests to the next.

A store says nothing of the program that filled it: what was built from the same sources is valid
again, and every test still resolves, looks, builds and publishes for real.
"""

import shutil
import subprocess
from pathlib import Path


def fetch(shelf: Path, store: Path) -> None:
    """Fill `store`, or leave it empty when nothing was kept: never the store of this computer."""
    if shelf.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(shelf), str(store)], check=True)
    else:
        (store / "nix").mkdir(parents=True)


def keep(store: Path, shelf: Path) -> None:
    """Put a store away that nobody uses any more, in place of older ones."""
    if shelf.exists() or not (store / "nix/store").exists():
        return
    gone_with(shelf.parent)
    shelf.parent.mkdir(parents=True)
    store.rename(shelf)


def gone_with(folder: Path) -> None:
    """Remove a folder that may have a store in it, whose files and folders are read-only."""
    subprocess.run(["chmod", "-R", "u+w", str(folder)], capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)
