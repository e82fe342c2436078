"""Disks that are full: of a builder, and of the router while parts come home."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.actions import builders
from appliance.events import BuilderBack, BuilderLost
from appliance.store.builder_states import READY, UNFIT
from tests.live.builder_room import (
    NEEDS,
    knows,
    log,
    ready,
    sourced,
    state,
    steps,
    told,
    tried,
)
from tests.live.nix_place import OWNER, Place, place
from tests.live.waiting import until

pytestmark = NEEDS
SMALL = 64 << 20
LARGE = {"squashfsStore": "b dd if=/dev/zero of=$out bs=1M count=100"}
NO_ROOM = "has no room left on its disk. Make room there (nix-collect-garbage -d) or give it more."


def filled(file: Path) -> None:
    """Leave no byte of its disk free."""
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while opened.write(bytes(1 << 12)):
            pass


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def test_a_builder_whose_disk_is_full_is_followed_by_the_next(here: Place) -> None:
    with ready(here, speed=9, store_bytes=SMALL) as (_, ident), ready(here, "oven"):
        row = here.built(f"{sourced(here, 'ember', stamp='large', parts=LARGE)}/ember")
        assert (row.state, row.builder) == ("built", "oven"), f"{row.what}\n{log(here, row)}"
        assert f"kiln {NO_ROOM}" in here.log(row)
        lost = [one for one in here.events() if isinstance(one, BuilderLost)]
        assert [one.what for one in lost if one.builder == ident] == [f"kiln {NO_ROOM}"]
        until(lambda: told(here, BuilderBack, ident), "it builds what is small")
        assert state(here, ident).state == READY


def test_a_trial_finds_that_a_disk_is_full(here: Place) -> None:
    with ready(here, store_bytes=SMALL) as (kiln, ident):
        filled(kiln.store.root / "filling")
        row = here.built(f"{sourced(here, 'ember', stamp='no room at all')}/ember")
        assert (row.state, row.builder) == ("built", ""), f"{row.what}\n{log(here, row)}"
        assert f"kiln {NO_ROOM}" in here.log(row)
        until(lambda: state(here, ident).state == UNFIT, "its trial found the same")
        assert state(here, ident).what == f"kiln {NO_ROOM}"
        assert steps(state(here, ident))[-1] == ("build", "bad")
        (kiln.store.root / "filling").unlink()
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert found.state == READY, found.what


def test_a_builder_that_shares_and_has_no_room_is_gone_without(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True, store_bytes=SMALL) as (_, ident):
        knows(here, ident)
        row = here.built(f"{sourced(here, 'ember', stamp='large there', parts=LARGE)}/ember")
        assert row.state == "built", f"{row.what}\n{log(here, row)}"
        assert f"oven {NO_ROOM} The build is tried again." in here.log(row)
        assert told(here, BuilderLost, ident)
