"""The one call."""

from pathlib import Path

from services.nix.sharing.request import drop
from services.nix.store import store_in


def test_a_path_is_deleted_only_while_nothing_needs_it() -> None:
    argv = drop(store_in(Path("/s"), Path("/n/nix"), system_store=False), "/nix/store/x")
    assert argv == ("/n/nix-store", "--delete", "/nix/store/x")
    assert "--ignore-liveness" not in argv
