"""Builders that are gone, others than they were, cut off or switched off; over a real sshd."""

import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from appliance.actions import acts, builders, images
from appliance.events import BuilderBack, BuilderLeft, BuilderLost
from appliance.store.builder_states import LOST, READY, UNFIT
from tests.live.builder_room import (
    NEEDS,
    arriving,
    begun,
    log,
    other,
    ready,
    sourced,
    state,
    steps,
    told,
    tried,
    trusted,
)
from tests.live.nix_place import OLD_NIX, OWNER, Place, place
from tests.live.waiting import until

pytestmark = NEEDS


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def test_a_dead_builder_costs_a_build_nothing(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        row = here.built(f"{sourced(here, 'ember', stamp='dead')}/ember")
        assert (row.state, row.builder) == ("built", ""), row.what
        assert (state(here, ident).state, told(here, BuilderLost, ident)) == (LOST, True)
        kiln.start_sshd()
        until(lambda: told(here, BuilderBack, ident), "kiln is noticed again")
        assert state(here, ident).state == READY


def test_a_builder_that_goes_silent_is_noticed_without_a_build(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        until(lambda: told(here, BuilderLost, ident), "kiln is missed")
        assert state(here, ident).what.startswith("127.0.0.1 is there, and nothing listens on")


def test_nobody_waits_for_a_lost_builder_that_is_switched_off(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        until(lambda: told(here, BuilderLost, ident), "kiln is missed")
        builders.enable_builder(here.desk, OWNER, ident, on=False)
        until(lambda: told(here, BuilderLeft, ident), "nobody waits for it")
        assert not state(here, ident).missed


def test_a_removed_builder_that_comes_back_needs_no_new_line(here: Place) -> None:
    with ready(here) as (_, ident):
        before = state(here, ident).public_key
        done = builders.remove_builder(here.desk, OWNER, ident)
        until(lambda: state(here, ident).removed_at, "kiln is removed")
        acts.undo(here.desk, OWNER, done.act)
        until(lambda: state(here, ident).state == READY, "kiln is there again")
        assert state(here, ident).public_key == before


def test_a_changed_host_key_stops_everything(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.new_host_key()
        row = here.built(f"{sourced(here, 'ember', stamp='impostor')}/ember")
        assert (row.state, row.builder) == ("built", ""), row.what
        sentence = "kiln shows another host key than the one you trusted"
        until(  # the build meets it, or the watch that missed its sshd for a moment
            lambda: sentence in here.log(row) or sentence in state(here, ident).what,
            "the other key is told",
        )
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("key", "bad"))
        assert found.what.startswith("kiln shows another host key than the one you trusted")
        assert trusted(here, found).state == READY


def test_a_builder_that_comes_back_as_another_stays_a_trouble(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        until(lambda: state(here, ident).state == LOST, "kiln is missed")
        kiln.new_host_key()
        until(lambda: state(here, ident).state == UNFIT, "kiln is found to be another")
        found = [one for one in here.events() if isinstance(one, BuilderLost)]
        assert [one.what[:24] for one in found if one.builder == ident] == [
            "127.0.0.1 is there, and ",
            "kiln shows another host ",
        ]
        assert not told(here, BuilderBack, ident)
        trusted(here, state(here, ident))
        assert told(here, BuilderBack, ident)


def test_a_builder_is_not_blamed_for_our_own_daemon() -> None:
    with place() as alone, ready(alone) as (_, ident):
        host = f"{sourced(alone, 'ember', stamp='blame')}/ember"
        first = alone.built(host)
        assert alone.daemon is not None
        os.killpg(alone.daemon.pid, signal.SIGKILL)
        alone.daemon.wait(60)
        shutil.rmtree(alone.state / "published/images")
        images.retry_build(alone.desk, OWNER, first.id)
        row = until(lambda: other(alone, host, first), "another build")
        assert (row.state, row.what[:16]) == ("failed", "Tried 3 times: t"), row.what
        assert state(alone, ident).state == READY
        assert not told(alone, BuilderLost, ident)


def test_without_the_broker_the_router_builds_itself() -> None:
    with place() as alone, ready(alone) as (_, ident):
        broker = next(one for one in alone.children if "Broker" in str(one.args))
        host = f"{sourced(alone, 'slow', stamp='broker')}/slow"
        row = begun(alone, host)
        broker.kill()
        until(lambda: alone.builds(host)[0].builder == "", "the router goes on")
        images.cancel_build(alone.desk, OWNER, row.id)
        assert alone.built(host).state == "cancelled"
        (alone.state / "run/broker.sock").unlink()
        alone.start_broker()
        until(lambda: state(alone, ident).state == READY, "kiln is there")


@pytest.mark.skipif(not OLD_NIX.exists(), reason="an old nix is not unpacked here")
def test_a_builder_may_have_an_old_nix(here: Place) -> None:
    with ready(here, nix=OLD_NIX) as (_, ident):
        found = {one.step: one.what for one in state(here, ident).steps}
        assert found["nix"] == "It has Nix 2.8.0."
        assert found["trust"].startswith("It does not say whether it trusts")
        row = here.built(f"{sourced(here, 'two', stamp='old')}/two")
        assert (row.state, row.builder) == ("built", "kiln"), row.what
        assert here.image(str(row.image)).provenance.nix == "2.8.0"


def test_a_builder_that_dies_in_mid_build_is_followed_by_the_next(here: Place) -> None:
    with ready(here, "kiln") as (kiln, ident), ready(here, "oven") as (oven, _):
        host = f"{sourced(here, 'slow', stamp='dies')}/slow"
        row = begun(here, host)
        assert here.builds(host)[0].builder == "kiln"
        kiln.stop_sshd()
        until(lambda: here.builds(host)[0].builder == "oven", "oven goes on")
        assert "The connection to kiln broke off." in here.log(row)
        assert told(here, BuilderLost, ident)
        oven.stop_sshd()
        until(lambda: here.builds(host)[0].builder == "", "the router goes on")
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"


def test_a_cut_network_is_noticed_in_mid_build(here: Place) -> None:
    with ready(here) as (kiln, ident):
        host = f"{sourced(here, 'slow', stamp='cut')}/slow"
        row = begun(here, host)
        kiln.freeze(on=True)
        try:
            until(lambda: here.builds(host)[0].builder == "", "the router goes on")
        finally:
            kiln.freeze(on=False)
        assert state(here, ident).state != READY or told(here, BuilderLost, ident)
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"


def test_a_builder_that_dies_while_parts_come_home_is_followed_by_the_next(here: Place) -> None:
    large = {"squashfsStore": "b dd if=/dev/zero of=$out bs=1M count=200"}
    with ready(here, speed=9) as (kiln, ident), ready(here, "oven"):
        host = f"{sourced(here, 'ember', stamp='half of it', parts=large)}/ember"
        until(lambda: arriving(here), "a part is on its way")
        kiln.stop_sshd()
        row = here.built(host)
        assert (row.state, row.builder) == ("built", "oven"), f"{row.what}\n{log(here, row)}"
        assert "The connection to kiln broke off." in here.log(row)
        assert told(here, BuilderLost, ident)
        assert not any(here.store.arrivals.iterdir())


def test_cancelling_ends_the_work_on_the_builder(here: Place) -> None:
    with ready(here) as (kiln, _):
        host = f"{sourced(here, 'slow', stamp='cancel')}/slow"
        row = begun(here, host)
        until(lambda: any("sleep 300" in one for one in kiln.working()), "the work goes on")
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"
        until(lambda: not any("sleep 300" in one for one in kiln.working()), "the work ends")


def test_a_builder_that_is_switched_off_is_not_asked(here: Place) -> None:
    with ready(here) as (_, ident):
        builders.enable_builder(here.desk, OWNER, ident, on=False)
        row = here.built(f"{sourced(here, 'ember', stamp='off')}/ember")
        assert (row.state, row.builder) == ("built", "")


def test_a_role_that_is_killed_in_mid_build_asks_the_builder_again(here: Place) -> None:
    with ready(here):
        host = f"{sourced(here, 'slow', stamp='killed')}/slow"
        row = begun(here, host)
        here.kill_role()
        here.start_role()
        until(lambda: here.log(row).count("begun") > 1, "it is built once more")
        assert here.builds(host)[0].builder == "kiln"
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"
