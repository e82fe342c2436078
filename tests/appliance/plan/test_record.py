import json
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.wan import StaticAddress, Wan
from appliance.plan import order, record

FULL = order.wanted(
    RouterConfig(
        (Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24")),),
        Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1"))),
    )
)


def test_a_state_survives_being_written_down() -> None:
    assert record.from_json(json.loads(json.dumps(record.to_json(FULL)))) == FULL


def test_the_empty_state_survives_too() -> None:
    nothing = order.State()
    assert record.from_json(json.loads(json.dumps(record.to_json(nothing)))) == nothing
