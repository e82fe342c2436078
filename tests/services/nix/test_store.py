"""Where store paths lie as files."""

from pathlib import Path

import pytest

from services.nix.store import store_in

PATH = "/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-x"
STATE = Path("/var/lib/nixie")


def test_in_a_chroot_store_files_lie_below_its_root() -> None:
    store = store_in(STATE, Path("/n/nix"), system_store=False)
    assert store.file(PATH) == Path(f"/var/lib/nixie/store{PATH}")


def test_in_the_systems_store_a_path_is_its_file() -> None:
    store = store_in(STATE, Path("/n/nix"), system_store=True)
    assert store.file(PATH) == Path(PATH)


def test_clients_of_a_chroot_store_are_told_its_root() -> None:
    store = store_in(STATE, Path("/n/nix"), system_store=False)
    assert store.uri == "unix:///var/lib/nixie/run/nix/socket?root=/var/lib/nixie/store"


@pytest.mark.parametrize("path", ["/etc/passwd", "/nix/store/../../etc", "/nix/store", "x"])
def test_nothing_outside_the_store_becomes_a_file(path: str) -> None:
    with pytest.raises(ValueError, match="not below"):
        store_in(STATE, Path("/n/nix"), system_store=False).file(path)


def test_no_client_reads_anybodys_settings() -> None:
    env = store_in(STATE, Path("/n/nix"), system_store=False).environment("/tmp")
    assert env["NIX_USER_CONF_FILES"] == ""
    assert env["NIX_CONF_DIR"] == "/var/lib/nixie/nix"
