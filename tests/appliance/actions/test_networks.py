import pytest

from appliance.actions import changes, draft, networks
from appliance.actions.desk import Desk
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.config import Dhcp, Network
from tests.appliance.actions.conftest import OWNER
from tests.appliance.actions.test_changes import CONFIG

MAC = "52:54:00:00:00:09"


@pytest.fixture
def begun(desk: Desk) -> Desk:
    """A router with its first configuration."""
    changes.propose_revision(desk, OWNER, CONFIG)
    return desk


def lan(desk: Desk) -> Network:
    return draft.edited(desk).networks[0]


def dhcp(desk: Desk) -> Dhcp:
    found = lan(desk).dhcp
    assert found
    return found


def test_a_network_gets_a_bridge_of_its_name(begun: Desk) -> None:
    networks.add_network(
        begun, OWNER, {"name": "a-long-name-too", "address": "10.9.0.1/24", "zone": "lan"}
    )
    assert draft.edited(begun).networks[1].bridge == "br-a-long-name-"


def test_what_is_not_said_of_a_network_stays(begun: Desk) -> None:
    networks.reserve(begun, OWNER, "lan", "", {"mac": MAC, "address": "10.77.0.9"})
    pool = {"first": "10.77.0.50", "last": "10.77.0.60"}
    networks.change_network(begun, OWNER, "lan", {"dhcp": {"pool": pool}})
    assert lan(begun).ports == ("eth1",)
    assert [one.mac for one in dhcp(begun).reservations] == [MAC]
    assert str(dhcp(begun).pool.first) == "10.77.0.50"


def test_what_is_not_said_of_a_fixed_address_stays(begun: Desk) -> None:
    first = {"mac": MAC, "address": "10.77.0.9", "name": "nas", "suffix": "::9"}
    networks.reserve(begun, OWNER, "lan", "", first)
    networks.reserve(begun, OWNER, "lan", MAC, {"address": "10.77.0.8"})
    (one,) = dhcp(begun).reservations
    assert (str(one.address), one.name, str(one.suffix)) == ("10.77.0.8", "nas", "::9")


def test_a_problem_has_the_place_of_its_network(begun: Desk) -> None:
    with pytest.raises(Refused) as caught:
        networks.add_network(begun, OWNER, {"name": "guest", "address": "nowhere"})
    assert caught.value.problems[0].where == ("networks", 1, "address")


def test_a_network_that_is_not_there_is_named(begun: Desk) -> None:
    with pytest.raises(Unknown, match=r"No network is called 'none'\. There are: lan"):
        networks.remove_network(begun, OWNER, "none")


def test_who_has_no_fixed_address_loses_none(begun: Desk) -> None:
    with pytest.raises(Unknown, match="has no fixed address on lan"):
        networks.unreserve(begun, OWNER, "lan", MAC)


def test_without_dhcp_nothing_is_fixed(begun: Desk) -> None:
    networks.change_network(begun, OWNER, "lan", {"dhcp": None})
    with pytest.raises(Refused, match="Switch DHCP on there first"):
        networks.reserve(begun, OWNER, "lan", "", {"mac": MAC, "address": "10.77.0.9"})
