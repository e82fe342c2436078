"""Builders that share the builds of this router; over a real sshd."""

import uuid
from collections.abc import Iterator

import pytest

from appliance.actions import builders
from appliance.events import BuilderLost
from appliance.model.builders import authorized
from appliance.store.builder_states import UNFIT
from tests.live.builder_place import builder
from tests.live.builder_room import (
    ARM,
    NEEDS,
    added,
    begun,
    knows,
    log,
    outputs,
    ready,
    sourced,
    steps,
    told,
    tried,
    trusted,
)
from tests.live.nix_place import OWNER, Place, place
from tests.live.waiting import until

pytestmark = NEEDS


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def test_single_derivations_are_built_there_and_all_of_it_comes_home(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        keys = here.store.conf / "builder-keys"
        assert {one.stat().st_uid for one in (keys, *keys.iterdir())} == {0}
        host = f"{sourced(here, 'ember', stamp='shared')}/ember"
        row = here.built(host)
        assert (row.state, row.builder) == ("built", ""), f"{row.what}\n{log(here, row)}"
        made = [one for one in outputs(here, host) if oven.has(one)]
        assert made
        assert all(here.store.file(one).exists() for one in outputs(here, host))
        assert here.image(str(row.image)).provenance.built_on == "here with oven"
    knows(here, ident, yes=False)
    until(lambda: not (keys / ident).exists(), "its key is gone, too")


def test_sharing_brings_a_system_that_this_router_has_not(here: Place) -> None:
    more = {"systems": (ARM,), "settings": f"extra-platforms = {ARM}\n"}
    with ready(here, "anvil", trusted=True, shares=True, **more) as (_, ident):
        knows(here, ident)
        row = here.built(f"{sourced(here, 'ember', system=ARM, stamp='far')}/ember")
        assert row.state == "built", f"{row.what}\n{log(here, row)}"


def test_a_source_for_builders_alone_may_be_shared_and_not_built_here(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        host = f"{sourced(here, 'ember', stamp='far alone', only_builders=True)}/ember"
        row = here.built(host)
        assert row.state == "built", f"{row.what}\n{log(here, row)}"
        assert any(oven.has(one) for one in outputs(here, host))
        assert here.image(str(row.image)).provenance.built_on == "here with oven"


def test_who_shares_has_to_trust_the_account(here: Place) -> None:
    with builder(here.folder / f"cold-{uuid.uuid4().hex[:6]}", here.installed) as cold:
        found = trusted(here, added(here, cold, "cold", shares=True))
        cold.let_in(authorized(found.public_key))
        found = tried(here, builders.try_builder(here.desk, OWNER, found.builder))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("trust", "bad"))
        assert "Add kiln to trusted-users in its nix.conf" in found.what
        builders.remove_builder(here.desk, OWNER, found.builder)


def test_a_builder_that_shares_and_dies_in_mid_build_is_gone_without(here: Place) -> None:
    slow = {"squashfsStore": "echo begun; b sleep 20; echo > $out"}
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        host = f"{sourced(here, 'ember', stamp='dies', parts=slow)}/ember"
        begun(here, host)
        oven.stop_sshd()
        row = here.built(host)
        assert row.state == "built", f"{row.what}\n{log(here, row)}"
        said = here.log(row)
        assert "The connection to oven broke off. The build is tried again." in said
        assert "nix-daemon went away" not in said
        assert told(here, BuilderLost, ident)
        assert here.image(str(row.image)).provenance.built_on == "here"


def test_a_shared_build_goes_on_here_when_the_builder_is_gone(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        oven.stop_sshd()
        row = here.built(f"{sourced(here, 'ember', stamp='gone')}/ember")
        assert row.state == "built", f"{row.what}\n{log(here, row)}"
        assert here.image(str(row.image)).provenance.built_on == "here"
