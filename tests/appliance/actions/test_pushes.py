"""Pushing a host as its owner, and as somebody else."""

from hashlib import sha256
from pathlib import Path

import pytest

from appliance.actions import pushes, sources
from appliance.actions.desk import Desk
from appliance.actions.refusals import Forbidden
from appliance.errors import Refused
from appliance.model.pushed import Piece, Pushed
from appliance.store.pushed.open import arrived
from tests.appliance.actions.conftest import HELPER, OWNER

CONTENT = b"a kernel"
PIECE = Piece(f"/nix/store/{'a' * 32}-kernel/bzImage", sha256(CONTENT).hexdigest(), len(CONTENT))


@pytest.fixture
def host(desk: Desk) -> str:
    (Path(desk.reads.state) / "pushed").mkdir()
    return f"{sources.add_source(desk, OWNER, 'github:owner/hosts').subject}/ember"


def test_what_is_here_is_not_missing(desk: Desk, host: str) -> None:
    pushed = Pushed(host, {}, (PIECE,))
    assert pushes.missing(desk, OWNER, pushed) == [(PIECE, 0)]
    assert pushes.add_piece(desk, OWNER, PIECE, 0, CONTENT[:3]) == 3
    assert pushes.missing(desk, OWNER, pushed) == [(PIECE, 3)]
    pushes.add_piece(desk, OWNER, PIECE, 3, CONTENT[3:])
    assert pushes.missing(desk, OWNER, pushed) == []


def test_a_push_is_a_wish_for_build(desk: Desk, host: str) -> None:
    done = pushes.push_host(desk, OWNER, Pushed(host, {"kind": "native"}, (PIECE,)))
    assert done.wish
    (left,) = (desk.reads.state / "pushed").glob("*.json")
    assert arrived(desk.reads.state, left.stem)["host"] == host


def test_only_an_owner_pushes(desk: Desk, host: str) -> None:
    pushed = Pushed(host, {}, (PIECE,))
    for deed in (
        lambda: pushes.missing(desk, HELPER, pushed),
        lambda: pushes.push_host(desk, HELPER, pushed),
        lambda: pushes.add_piece(desk, HELPER, PIECE, 0, CONTENT),
    ):
        with pytest.raises(Forbidden):
            deed()
    assert list((desk.reads.state / "pushed").iterdir()) == []


@pytest.mark.usefixtures("host")
def test_a_hash_that_is_none_touches_no_file(desk: Desk) -> None:
    with pytest.raises(Refused):
        pushes.add_piece(desk, OWNER, Piece(PIECE.path, "../x", 1), 0, b"x")
