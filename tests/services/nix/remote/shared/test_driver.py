"""The files by which our daemon finds builders."""

from pathlib import Path

from services.nix.remote.shared.driver import write
from services.nix.store import store_in
from tests.services.nix.remote.test_machines import KILN


def test_only_those_that_share_now_are_known(tmp_path: Path) -> None:
    store = store_in(tmp_path, Path("/n/nix"), system_store=False)
    store.conf.mkdir(parents=True)
    write(store, [KILN], {"01a2": "s3cret"})
    keys = store.conf / "builder-keys"
    assert (keys / "01a2").read_text() == "s3cret"
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in keys.iterdir()} == {0o600}
    assert "nixie-01a2" in (store.conf / "machines").read_text()
    write(store, [], {})
    assert list(keys.iterdir()) == []
    assert (store.conf / "machines").read_text() == (store.conf / "ssh_config").read_text() == ""
