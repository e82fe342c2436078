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
    arriving,
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


def filled(file: Path, left: int = 0) -> None:
    """Leave so many bytes of its disk free."""
    with file.open("wb", buffering=0) as opened:
        with suppress(OSError):
            while opened.write(bytes(1 << 20)):  # what still fits of it
                pass
        opened.truncate(opened.tell() - left)


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


def test_the_routers_disk_that_fills_while_parts_come_home_is_said_to_be_full() -> None:
    with place(store_bytes=512 << 20) as small, ready(small) as (kiln, ident):
        host = f"{sourced(small, 'ember', stamp='late', parts=LARGE)}/ember"
        until(lambda: arriving(small), "a part is on its way")
        kiln.freeze(on=True)
        filled(small.store.root / "filling", left=20 << 20)  # more than the router needs itself
        kiln.freeze(on=False)
        row = small.built(host)
        assert row.state == "failed"
        assert row.what.startswith("The disk of the store is full. ")  # Nix's end, or ours before
        assert row.what.endswith("Make room on it or give it more, then build again.")
        assert state(small, ident).state == READY
        assert not told(small, BuilderLost, ident)


def test_a_builder_that_shares_and_has_no_room_is_gone_without(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True, store_bytes=SMALL) as (_, ident):
        knows(here, ident)
        row = here.built(f"{sourced(here, 'ember', stamp='large there', parts=LARGE)}/ember")
        assert row.state == "built", f"{row.what}\n{log(here, row)}"
        assert f"oven {NO_ROOM} The build is tried again." in here.log(row)
        assert told(here, BuilderLost, ident)
