import pytest

from appliance.actions import changes
from appliance.actions.desk import Desk
from appliance.actions.refusals import Clash, Forbidden
from appliance.errors import Refused
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
