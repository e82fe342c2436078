"""A pushed file on its way to where it is served from.  The whole way: tests/live/test_push.py."""

from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.errors import Refused
from appliance.model.pushed import Piece
from services.nix.arrived.driver import copied

CONTENT = b"a kernel"


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    (tmp_path / "pushed").mkdir()
    return SimpleNamespace(state=tmp_path, files=tmp_path / "published/files")


def piece(content: bytes, desk: Any) -> Piece:
    """A piece of that content's hash, whose bytes came as CONTENT."""
    name = sha256(content).hexdigest()
    (desk.state / "pushed" / name).write_bytes(CONTENT)
    return Piece("/nix/store/x-kernel/bzImage", name, len(CONTENT))


def test_a_piece_is_served_under_its_hash(desk: Any) -> None:
    one = piece(CONTENT, desk)
    copied(desk, one)
    assert (desk.files / one.sha256).read_bytes() == CONTENT


def test_a_piece_of_another_hash_is_never_served(desk: Any) -> None:
    one = piece(b"what was announced", desk)
    with pytest.raises(Refused, match="bzImage is not what was announced"):
        copied(desk, one)
    assert list(desk.files.iterdir()) == []


def test_a_name_that_leads_elsewhere_is_no_hash(desk: Any) -> None:
    with pytest.raises(Refused, match="no SHA-256"):
        copied(desk, Piece("/nix/store/x", "../../../etc/shadow", 1))


def test_what_is_served_already_is_not_needed_again(desk: Any) -> None:
    one = piece(CONTENT, desk)
    copied(desk, one)
    (desk.state / "pushed" / one.sha256).unlink()
    copied(desk, one)
