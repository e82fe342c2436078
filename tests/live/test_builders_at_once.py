"""Several builds at once: one on each builder, and one on the router."""

from collections.abc import Iterator

import pytest

from appliance.actions import builders, images
from appliance.store.builds import BuildRow
from tests.live.builder_room import ARM, NEEDS, begun, log, ready, sourced
from tests.live.nix_place import OWNER, Place, place
from tests.live.waiting import until

pytestmark = NEEDS
WAITS = "waiting for its place"


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def slow(here: Place, stamp: str) -> str:
    """A host that is long in building."""
    parts = {"squashfsStore": f"echo begun {stamp}; b sleep 300; echo > $out"}
    return f"{sourced(here, 'ember', stamp=stamp, parts=parts)}/ember"


def row(here: Place, host: str) -> BuildRow:
    return here.builds(host)[0]


def cancelled(here: Place, *hosts: str) -> None:
    for host in hosts:
        images.cancel_build(here.desk, OWNER, row(here, host).id)
        assert here.built(host).state == "cancelled"


def test_each_builder_builds_one_and_the_next_waits_for_the_first_that_is_free(here: Place) -> None:
    with ready(here, "kiln", speed=9), ready(here, "oven"):
        first, second = slow(here, "one"), slow(here, "two")
        begun(here, first)
        begun(here, second)
        assert [row(here, one).state for one in (first, second)] == ["running", "running"]
        assert {row(here, one).builder for one in (first, second)} == {"kiln", "oven"}
        third = f"{sourced(here, 'ember', stamp='three')}/ember"
        until(lambda: row(here, third).phase == WAITS, "the third waits")
        on_kiln = next(one for one in (first, second) if row(here, one).builder == "kiln")
        cancelled(here, on_kiln)
        found = here.built(third)
        assert (found.state, found.builder) == ("built", "kiln"), log(here, found)
        other = second if on_kiln == first else first
        assert row(here, other).state == "running"
        cancelled(here, other)


def test_a_build_that_waits_for_its_place_can_be_cancelled(here: Place) -> None:
    with ready(here, "kiln"):
        first = slow(here, "a")
        begun(here, first)
        second = slow(here, "b")
        until(lambda: row(here, second).phase == WAITS, "the second waits")
        cancelled(here, second, first)


def test_a_builder_that_was_switched_off_meanwhile_is_not_asked(here: Place) -> None:
    with ready(here, "kiln") as (_, ident):
        first = slow(here, "c")
        begun(here, first)
        second = f"{sourced(here, 'ember', stamp='d')}/ember"
        until(lambda: row(here, second).phase == WAITS, "the second waits")
        builders.enable_builder(here.desk, OWNER, ident, on=False)
        cancelled(here, first)
        found = here.built(second)
        assert (found.state, found.builder) == ("built", ""), log(here, found)


def test_the_router_builds_one_at_a_time(here: Place) -> None:
    more = {"systems": (ARM,), "settings": f"extra-platforms = {ARM}\n"}
    with ready(here, "anvil", **more):
        first = slow(here, "ours")
        begun(here, first)
        second = slow(here, "ours too")
        until(lambda: row(here, second).phase == WAITS, "the second waits")
        assert (row(here, first).builder, row(here, second).builder) == ("", "")
        cancelled(here, first, second)
