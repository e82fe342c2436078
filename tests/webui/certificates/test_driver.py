"""The box's certificate in its folder of secrets."""

import json
from pathlib import Path

import pytest

from appliance.errors import Unreachable
from appliance.store.secrets.open import Secrets
from webui.certificates.driver import certify

NOW = 1_795_900_000.0


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    found = Secrets(tmp_path / "web")
    assert certify(found, {"nixie.lan"}, NOW)
    return found


def held(secrets: Secrets) -> dict[str, bytes]:
    """What is in the folder, by name."""
    return {one.name: one.read_bytes() for one in secrets.folder.iterdir() if one.is_file()}


def test_a_leaf_that_is_good_is_left_as_it_is(secrets: Secrets) -> None:
    before = held(secrets)
    assert not certify(secrets, {"nixie.lan"}, NOW)
    assert held(secrets) == before


def test_a_name_that_it_lacks_makes_another(secrets: Secrets) -> None:
    before = held(secrets)
    assert certify(secrets, {"nixie.lan", "10.77.0.1"}, NOW)
    after = held(secrets)
    assert {name for name in after if after[name] == before[name]} == {"ca.crt", "ca.key"}
    assert json.loads(after["leaf.json"])["names"] == ["10.77.0.1", "nixie.lan"]


@pytest.mark.parametrize("file", ["next.key", "next.crt", "next.json"])
def test_what_cannot_be_stored_leaves_the_leaf_before(secrets: Secrets, file: str) -> None:
    before = {name: what for name, what in held(secrets).items() if name.startswith("leaf")}
    (secrets.folder / f".{file}.new").mkdir()  # in the way of the new one
    with pytest.raises(OSError, match="directory"):
        certify(secrets, {"other.lan"}, NOW)
    assert before.items() <= held(secrets).items()
    assert not certify(secrets, {"nixie.lan"}, NOW)


def test_what_cannot_be_made_says_why(secrets: Secrets) -> None:
    secrets.write("ca.key", b"no key at all")
    with pytest.raises(Unreachable, match=r"The router's certificate could not be made: \w+Error"):
        certify(secrets, {"other.lan"}, NOW)
