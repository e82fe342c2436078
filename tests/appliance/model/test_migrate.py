from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest

from appliance.errors import Problem, Refused
from appliance.model import read
from appliance.model.config import SCHEMA
from appliance.model.dns import Dns, Upstream
from appliance.model.migrate import UPGRADES, upgraded
from appliance.model.wan import StaticAddress, Wan


def test_todays_layout_is_returned_as_it_is() -> None:
    stored = {"schema": SCHEMA, "networks": []}
    assert upgraded(stored) == stored


def test_an_old_layout_goes_through_every_step() -> None:
    steps = {1: lambda old: {"b": old["a"]}, 2: lambda old: {"c": old["b"] + 1}}
    assert upgraded({"schema": 1, "a": 1}, steps, 3) == {"schema": 3, "c": 2}


FIRST = {
    "networks": [],
    "wan": {"port": "eth0", "address": "192.0.2.2/24", "gateway": "192.0.2.1"},
    "dns": {"upstreams": ["9.9.9.9"]},
    "schema": 1,
}


def test_the_first_layout_is_read_as_it_was_meant() -> None:
    config = read.config(upgraded(FIRST))
    assert config.wan == Wan(
        "eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1"))
    )
    assert config.dns == Dns((Upstream(IPv4Address("9.9.9.9")),))


@pytest.mark.parametrize(
    "broken", [{"wan": 3}, {"wan": {"port": "eth0"}}, {"dns": []}, {"dns": {"upstreams": {}}}]
)
def test_what_was_wrong_in_the_first_layout_is_left_to_the_reader_to_refuse(broken: Any) -> None:
    with pytest.raises(Refused):
        read.config(upgraded({**FIRST, **broken}))


def test_a_newer_layout_is_left_to_the_reader_to_refuse() -> None:
    assert upgraded({"schema": SCHEMA + 1}) == {"schema": SCHEMA + 1}


def test_a_missing_step_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no way from layout 1"):
        upgraded({"schema": 1}, {}, 2)


def test_there_is_a_way_from_every_layout() -> None:
    assert set(UPGRADES) == set(range(1, SCHEMA))


@pytest.mark.parametrize("layout", [0, -1, "x", "1", None, [1], {}, True, 1.0])
def test_what_is_no_layout_is_refused_beside_its_field(layout: object) -> None:
    with pytest.raises(Refused) as refused:
        upgraded({"schema": layout, "networks": []})
    what = f"{layout!r} is no layout. Write {SCHEMA}, or leave schema out."
    assert refused.value.problems == (Problem(("schema",), what),)
