"""What a build elsewhere may take: how much at once, how long, and how long without a word."""

from collections.abc import Iterator

import pytest

from tests.live.builder_room import NEEDS, knows, log, ready, sourced, state
from tests.live.nix_place import Place, place
from tests.live.waiting import until

pytestmark = NEEDS
SILENT = {"squashfsStore": "echo begun; b sleep 300; echo > $out"}
CHATTY = {"squashfsStore": "while :; do echo begun; b sleep 1; done"}


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place(options={"silent_seconds": 20.0}) as made:
        yield made


def test_how_much_is_built_at_once_is_for_the_builders_own_nix_to_say(here: Place) -> None:
    said = "echo {0} begins; b sleep 2; echo {0} ends;"
    parts = {
        "squashfsStore": said.format("one") + "echo > $out",
        "initialRamdisk": said.format("two") + "b mkdir $out; echo > $out/initrd",
    }
    with ready(here, jobs=4, settings="max-jobs = 1\n"):
        row = here.built(f"{sourced(here, 'ember', stamp='one by one', parts=parts)}/ember")
        assert (row.state, row.builder) == ("built", "kiln"), row.what
    told = [line.split()[-1] for line in here.log(row).splitlines() if line.endswith(("ins", "ds"))]
    assert told == ["begins", "ends", "begins", "ends"]


def test_a_derivation_that_prints_nothing_ends_on_a_builder(here: Place) -> None:
    with ready(here) as (kiln, ident):
        row = here.built(f"{sourced(here, 'ember', stamp='mute', parts=SILENT)}/ember")
        assert (row.state, row.what) == (
            "failed",
            "On kiln: squashfsStore printed nothing for 20 s and was stopped. Its log says how far "
            "it came.",
        )
        assert "timed out after 20 seconds of silence" in log(here, row)
        until(lambda: not any("sleep 300" in one for one in kiln.working()), "the work ends")
        assert state(here, ident).state == "ready"


def test_a_derivation_that_prints_nothing_ends_where_it_is_shared(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        row = here.built(f"{sourced(here, 'ember', stamp='mute there', parts=SILENT)}/ember")
        assert (row.state, row.what) == (
            "failed",
            "squashfsStore printed nothing for 20 s and was stopped. Its log says how far it came.",
        )
        until(lambda: not any("sleep 300" in one for one in oven.working()), "the work ends")


def test_a_build_that_takes_too_long_ends_on_a_builder() -> None:
    with place(options={"build_seconds": 10.0}) as brief, ready(brief) as (kiln, ident):
        row = brief.built(f"{sourced(brief, 'ember', stamp='endless', parts=CHATTY)}/ember")
        assert (row.state, row.what) == (
            "failed",
            "On kiln: The whole build took longer than 10 s.",
        )
        until(lambda: not any("sleep 1" in one for one in kiln.working()), "the work ends")
        assert state(brief, ident).state == "ready"
