import pytest

from appliance.actions import changes
from appliance.actions.desk import Desk, catch_up
from appliance.actions.refusals import Clash, Forbidden, Unknown
from appliance.actions.sources import add_source
from appliance.errors import Refused
from appliance.store import people
from tests.appliance.actions.conftest import HELPER, OWNER

LAN = {
    "name": "lan",
    "bridge": "br-lan",
    "ports": ["eth1"],
    "address": "10.77.0.1/24",
    "dhcp": {"pool": {"first": "10.77.0.100", "last": "10.77.0.199"}},
}
CONFIG = {"networks": [LAN]}


def test_a_checked_configuration_becomes_the_next_revision(desk: Desk) -> None:
    done = changes.propose_revision(desk, OWNER, CONFIG)
    view = desk.reads.revision()
    assert view is not None
    assert (view.number, view.author, done.subject) == (1, "owner", "1")
    present = changes.present_config(desk)
    assert present is not None
    assert present.networks[0].name == "lan"


def test_the_same_configuration_makes_no_new_revision(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG)
    done = changes.propose_revision(desk, OWNER, CONFIG)
    assert (done.subject, done.what) == ("1", "Nothing differs from revision 1.")


def test_a_revision_made_from_an_older_one_clashes(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG, base=0)
    with pytest.raises(Clash, match="Revision 1 came since"):
        changes.propose_revision(desk, OWNER, {**CONFIG, "hostname": "two"}, base=0)


def test_a_pool_outside_its_network_is_refused_with_its_place(desk: Desk) -> None:
    outside = {**LAN, "dhcp": {"pool": {"first": "10.9.0.1", "last": "10.9.0.2"}}}
    with pytest.raises(Refused) as caught:
        changes.propose_revision(desk, OWNER, {"networks": [outside]})
    assert caught.value.problems[0].where[:3] == ("networks", 0, "dhcp")
    assert desk.reads.revision() is None


def test_a_review_says_what_would_change(desk: Desk) -> None:
    changes.propose_revision(desk, OWNER, CONFIG)
    review = changes.review(desk, OWNER, {**CONFIG, "hostname": "ember"})
    assert review.base == 1
    assert review.differences == ("The router's name becomes ember (was nixie).",)


def test_the_configuration_is_the_owners(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        changes.propose_revision(desk, HELPER, CONFIG)


def test_with_nothing_done_there_is_nothing_to_take_back(desk: Desk) -> None:
    with pytest.raises(Unknown):
        changes.undo(desk, OWNER)


def test_a_revision_is_not_taken_back_behind_the_networks_back(desk: Desk) -> None:
    done = changes.propose_revision(desk, OWNER, CONFIG)
    with pytest.raises(Refused, match="cannot be taken back"):
        changes.undo(desk, OWNER, done.act)


def test_an_act_is_taken_back_once(desk: Desk) -> None:
    done = add_source(desk, OWNER, "github:owner/hosts")
    changes.undo(desk, OWNER, done.act)
    with pytest.raises(Refused, match="before"):
        changes.undo(desk, OWNER, done.act)


def test_undo_means_ones_own_last_act(desk: Desk) -> None:
    add_source(desk, HELPER, "github:owner/hosts")
    with pytest.raises(Unknown):
        changes.undo(desk, OWNER)


def test_every_act_is_in_the_audit_once(desk: Desk) -> None:
    done = add_source(desk, OWNER, "github:owner/hosts")
    catch_up(desk)
    with people.looking(desk.people) as session:
        lines = [line for line in people.audited(session, "local", 50) if line.act == done.act]
    assert [(line.actor, line.verb) for line in lines] == [("owner", "add_source")]


def test_an_act_the_audit_missed_is_copied_at_the_next_start(desk: Desk) -> None:
    done = add_source(desk, OWNER, "github:owner/hosts")
    with desk.people.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit")
    catch_up(desk)
    with people.looking(desk.people) as session:
        assert [line.act for line in people.audited(session, "local", 50)] == [done.act]
