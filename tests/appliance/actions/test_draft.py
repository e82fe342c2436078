"""One draft for everybody: edited, read, applied on trial, and still there after an undo."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from appliance.actions import acts, changes, draft
from appliance.actions.desk import Desk
from appliance.actions.draft import Draft
from appliance.actions.refusals import Clash, Forbidden, Unknown
from appliance.errors import Refused
from appliance.model.config import Network as Lan
from appliance.model.config import RouterConfig
from appliance.store import people
from tests.appliance.actions.conftest import HELPER, OWNER, Clock
from tests.appliance.actions.test_trials import HOME, Network


@pytest.fixture
def network(desk: Desk, tmp_path: Path, clock: Clock) -> Iterator[Network]:
    """A network with its first revision."""
    made = Network(tmp_path, clock)
    changes.propose_revision(desk, OWNER, HOME)
    made.look()
    yield made
    made.inventory.close()
    made.database.close()


def called(name: str) -> Callable[[RouterConfig], RouterConfig]:
    return lambda config: replace(config, hostname=name)


def named(desk: Desk, name: str) -> str:
    """Edit the router's name; the id of the act."""
    return draft.edit(desk, OWNER, called(name), f"The router is to be called {name}.").act


def present(desk: Desk) -> Draft:
    found = draft.current(desk)
    assert found
    return found


def applied(desk: Desk, network: Network) -> str:
    """Apply what Review shows; the id of the change."""
    review = draft.review(desk)
    assert review
    wish = draft.apply(desk, OWNER, base=review.base, seen=review.draft.seen, seconds=90).wish
    assert wish
    network.look()
    return wish


def test_before_the_first_configuration_there_is_nothing_to_edit(desk: Desk) -> None:
    with pytest.raises(Unknown, match="There is no configuration yet"):
        draft.edited(desk)


@pytest.mark.usefixtures("network")
def test_pages_show_what_is_in_force_without_a_draft(desk: Desk) -> None:
    assert draft.current(desk) is None
    assert draft.edited(desk).hostname == "nixie"


def test_an_edit_changes_the_draft_alone(desk: Desk, network: Network, clock: Clock) -> None:
    named(desk, "ember")
    found = present(desk)
    assert (found.base, found.author, found.at) == (1, "owner", clock.now)
    assert draft.edited(desk).hostname == "ember"
    network.look()
    in_force = changes.present_config(desk)
    assert in_force
    assert in_force.hostname == "nixie"


@pytest.mark.usefixtures("network")
def test_a_second_edit_goes_on_from_the_first(desk: Desk) -> None:
    named(desk, "ember")
    draft.edit(desk, OWNER, lambda one: replace(one, domain="home.example"), "The domain moves.")
    review = draft.review(desk)
    assert review
    assert review.differences == (
        "The router's name becomes ember (was nixie).",
        "The domain becomes home.example (was lan).",
    )


@pytest.mark.usefixtures("network")
def test_an_edit_with_a_problem_changes_nothing(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        draft.edit(desk, OWNER, lambda one: replace(one, networks=one.networks * 2), "Two of them.")
    assert caught.value.problems[0].where == ("networks", 1, "name")
    assert draft.current(desk) is None


@pytest.mark.usefixtures("network")
def test_an_edit_that_brings_everything_back_leaves_no_draft(desk: Desk) -> None:
    named(desk, "ember")
    named(desk, "nixie")
    assert desk.reads.draft("local") is None


@pytest.mark.usefixtures("network")
def test_an_edit_that_changes_nothing_cannot_be_taken_back(desk: Desk) -> None:
    done = draft.edit(desk, OWNER, called("nixie"), "Its name is nixie.")
    assert (done.what, done.undoable) == ("Nothing differs from before.", False)


@pytest.mark.usefixtures("network")
def test_an_edit_is_taken_back(desk: Desk) -> None:
    named(desk, "ember")
    act = named(desk, "anvil")
    acts.undo(desk, OWNER, act)
    assert draft.edited(desk).hostname == "ember"
    acts.undo(desk, OWNER)
    assert draft.current(desk) is None


@pytest.mark.usefixtures("network")
def test_a_discarded_draft_comes_back_by_undo(desk: Desk) -> None:
    named(desk, "ember")
    done = draft.discard(desk, OWNER)
    assert draft.current(desk) is None
    acts.undo(desk, OWNER, done.act)
    assert draft.edited(desk).hostname == "ember"


@pytest.mark.usefixtures("network")
def test_nothing_is_discarded_twice(desk: Desk) -> None:
    with pytest.raises(Unknown, match="There is nothing to discard"):
        draft.discard(desk, OWNER)


@pytest.mark.usefixtures("network")
def test_an_edit_is_in_the_audit(desk: Desk) -> None:
    act = named(desk, "ember")
    with people.writing(desk.people) as session:
        assert people.last_audited_act(session) == desk.now()
    told = acts.told(desk, act)
    assert told
    assert (told.actor, told.what) == ("owner", "The router is to be called ember.")


def test_an_applied_draft_goes_on_trial(desk: Desk, network: Network) -> None:
    named(desk, "ember")
    applied(desk, network)
    found = changes.newest_change(desk)
    assert found
    assert (found.revision, found.state) == (2, "on trial")


def test_what_is_on_trial_is_no_draft(desk: Desk, network: Network) -> None:
    named(desk, "ember")
    applied(desk, network)
    assert draft.current(desk) is None
    assert draft.edited(desk).hostname == "ember"


def test_after_an_undo_the_draft_is_still_there(desk: Desk, network: Network) -> None:
    named(desk, "ember")
    changes.take_back(desk, OWNER, applied(desk, network))
    network.look()
    found = present(desk)
    assert (found.base, found.config.hostname) == (1, "ember")


def test_a_kept_draft_is_gone_for_good(desk: Desk, network: Network) -> None:
    named(desk, "ember")
    changes.keep(desk, OWNER, applied(desk, network))
    network.look()
    changes.propose_revision(desk, OWNER, {**HOME, "hostname": "third"})
    assert desk.reads.draft("local") is None


def test_what_was_edited_before_apply_is_not_taken_back(
    desk: Desk, network: Network, clock: Clock
) -> None:
    act = named(desk, "ember")
    clock.now += 1
    changes.keep(desk, OWNER, applied(desk, network))
    network.look()
    with pytest.raises(Clash, match="Something else changed it since"):
        acts.undo(desk, OWNER, act)


def test_after_keep_a_new_draft_begins_from_what_is_kept(desk: Desk, network: Network) -> None:
    named(desk, "ember")
    changes.keep(desk, OWNER, applied(desk, network))
    network.look()
    named(desk, "anvil")
    assert present(desk).base == 2


@pytest.mark.usefixtures("network")
def test_a_draft_that_moved_is_not_applied(desk: Desk) -> None:
    named(desk, "ember")
    seen = present(desk).seen
    named(desk, "anvil")
    with pytest.raises(Clash, match="changed it since you looked"):
        draft.apply(desk, OWNER, base=1, seen=seen, seconds=90)


def test_nobody_applies_over_a_revision_that_they_have_not_read(
    desk: Desk, network: Network
) -> None:
    named(desk, "ember")
    other = changes.propose_revision(desk, OWNER, {**HOME, "domain": "home.example"}).wish
    assert other
    network.look()
    changes.keep(desk, OWNER, other)
    network.look()
    with pytest.raises(Clash, match="Revision 2 came since"):
        draft.apply(desk, OWNER, base=1, seen=present(desk).seen, seconds=90)


def test_a_draft_that_was_overtaken_is_compared_with_what_is_in_force(
    desk: Desk, network: Network
) -> None:
    named(desk, "ember")
    other = changes.propose_revision(desk, OWNER, {**HOME, "domain": "home.example"}).wish
    assert other
    network.look()
    changes.keep(desk, OWNER, other)
    network.look()
    review = draft.review(desk)
    assert review
    assert (review.overtaken, review.base) == (True, 2)
    assert "The domain becomes lan (was home.example)." in review.differences


@pytest.mark.usefixtures("network")
def test_without_a_draft_there_is_nothing_to_apply(desk: Desk) -> None:
    with pytest.raises(Unknown, match="There is nothing to apply"):
        draft.apply(desk, OWNER, base=1, seen="", seconds=90)


def test_a_second_apply_during_the_trial_is_refused(desk: Desk, network: Network) -> None:
    named(desk, "ember")
    applied(desk, network)
    named(desk, "anvil")
    with pytest.raises(Clash, match="Keep or undo it first"):
        draft.apply(desk, OWNER, base=2, seen=present(desk).seen, seconds=90)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("seconds", [4, 601])
def test_the_trial_of_a_draft_has_bounds(desk: Desk, seconds: int) -> None:
    named(desk, "ember")
    with pytest.raises(Refused, match="5 to 600"):
        draft.apply(desk, OWNER, base=1, seen=present(desk).seen, seconds=seconds)


@pytest.mark.usefixtures("network")
def test_the_draft_is_the_owners(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        draft.edit(desk, HELPER, called("ember"), "Its name.")


@pytest.mark.usefixtures("network")
def test_a_network_is_added_to_the_draft(desk: Desk) -> None:
    guest = replace(draft.edited(desk).networks[0], name="guest", bridge="br-guest", ports=())
    far: Lan = replace(guest, address=IPv4Interface("10.79.0.1/24"))
    draft.edit(
        desk, OWNER, lambda one: replace(one, networks=(*one.networks, far)), "A guest network."
    )
    assert [one.name for one in draft.edited(desk).networks] == ["lan", "guest"]
