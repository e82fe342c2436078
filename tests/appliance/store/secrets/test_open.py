from pathlib import Path

import pytest

from appliance.store.secrets.open import Secrets


def test_a_secret_is_for_its_owner_unless_said_otherwise(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "web")
    secrets.write("key", b"one")
    secrets.write("sources/two", b"two", mode=0o640)
    assert (tmp_path / "web/key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "web/sources/two").stat().st_mode & 0o777 == 0o640
    assert secrets.read("sources/two") == b"two"


def test_a_secret_that_is_not_there_is_none(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    assert secrets.read("key") is None
    secrets.remove("key")
    assert secrets.names("sources") == []


def test_a_secret_replaces_the_one_before(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    secrets.write("key", b"one")
    secrets.write("key", b"two")
    assert secrets.read("key") == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("name", ["", "../key", "a//b", "a/../../b", "/etc/passwd", "."])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a secret's name"):
        Secrets(tmp_path).read(name)
