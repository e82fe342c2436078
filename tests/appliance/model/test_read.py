import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from appliance.errors import Refused
from appliance.model import read
from appliance.model.config import RouterConfig

LAN: dict[str, Any] = {
    "name": "lan",
    "bridge": "br-lan",
    "ports": ["eth1", "52:54:00:00:00:01"],
    "address": "10.77.0.1/24",
    "dhcp": {
        "pool": {"first": "10.77.0.100", "last": "10.77.0.199"},
        "reservations": [
            {"mac": "52:54:00:00:00:07", "address": "10.77.0.7", "name": None, "quirks": ["plain"]}
        ],
        "options": [{"code": 42, "value": "0a4d0001"}],
        "vendor_classes": ["HW-Client"],
    },
}
FULL: dict[str, Any] = {
    "networks": [LAN],
    "wan": {"port": "eth0", "static": {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}},
    "dns": {"upstreams": [{"address": "9.9.9.9"}, {"address": "2620:fe::fe"}]},
    "routes": [
        {"destination": "10.99.0.0/16", "gateway": "10.77.0.9"},
        {"destination": "fd99::/48", "gateway": "fe80::9%lan"},
    ],
    "hostname": "gate",
    "domain": "home.example",
    "schema": 2,
}
PYDANTIC = TypeAdapter(RouterConfig)


def refused(stored: object) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(Refused) as caught:
        read.config(stored)
    return [(problem.where, problem.what) for problem in caught.value.problems]


def test_a_config_survives_being_written_down() -> None:
    config = read.config(FULL)
    assert read.config(json.loads(json.dumps(read.to_json(config)))) == config


def test_it_reads_the_same_as_pydantic() -> None:
    assert read.config(FULL) == PYDANTIC.validate_python(FULL)


def test_it_writes_the_same_as_pydantic() -> None:
    config = read.config(FULL)
    assert read.to_json(config) == PYDANTIC.dump_python(config, mode="json")


def test_defaults_are_filled_in() -> None:
    config = read.config({"networks": []})
    assert (config.hostname, config.domain, config.wan) == ("nixie", "lan", None)


def test_every_problem_is_found_at_once() -> None:
    stored = {**FULL, "hostname": "Not A Name", "networks": [{**LAN, "address": "x", "extra": 1}]}
    assert {where for where, _ in refused(stored)} == {
        ("hostname",),
        ("networks", 0, "address"),
        ("networks", 0, "extra"),
    }


RULE: dict[str, Any] = {
    "id": "a",
    "source": "lan",
    "destination": "internet",
    "action": "drop",
    "senders": {"v4": ["fd99::1/48"]},
}
CASES: dict[str, tuple[object, tuple[str | int, ...], str]] = {
    "no mapping": ([], (), "[] is not a group of settings."),
    "missing": ({}, ("networks",), "This setting is missing."),
    "unknown": ({**FULL, "colour": 1}, ("colour",), "There is no setting called colour."),
    "no list": ({**FULL, "networks": 3}, ("networks",), "3 is not a list."),
    "no text": ({**FULL, "hostname": 3}, ("hostname",), "3 is not text."),
    "no address": (
        {**FULL, "dns": {"upstreams": [{"address": "nine"}]}},
        ("dns", "upstreams", 0, "address"),
        "'nine' is not an IPv4 or IPv6 address like 9.9.9.9 or 2620:fe::fe.",
    ),
    "a number where text is": (
        {**FULL, "dns": {"upstreams": [{"address": 9}]}},
        ("dns", "upstreams", 0, "address"),
        "9 is not an IPv4 or IPv6 address like 9.9.9.9 or 2620:fe::fe.",
    ),
    "an address where a network is": (
        {**FULL, "routes": [{"destination": "fd99::1/48", "gateway": "fe80::9%lan"}]},
        ("routes", 0, "destination"),
        "'fd99::1/48' is an address in fd99::/48; write fd99::/48 for all of it.",
    ),
    "an IPv6 network where an IPv4 one is": (
        {**FULL, "rules": [RULE]},
        ("rules", 0, "senders", "v4", 0),
        "'fd99::1/48' is not a network like 10.77.0.0/24.",
    ),
    "no network": (
        {**FULL, "routes": [{"destination": None, "gateway": "fe80::9%lan"}]},
        ("routes", 0, "destination"),
        "None is not a network like 10.99.0.0/16 or fd99::/48.",
    ),
    "a name that does not fit": (
        {**FULL, "hostname": "-x"},
        ("hostname",),
        "'-x' does not fit; write it like ember-2.",
    ),
    "a quirk nobody knows": (
        {
            "networks": [
                {
                    **LAN,
                    "dhcp": {
                        **LAN["dhcp"],
                        "reservations": [{**LAN["dhcp"]["reservations"][0], "quirks": ["odd"]}],
                    },
                }
            ]
        },
        ("networks", 0, "dhcp", "reservations", 0, "quirks", 0),
        "'odd' does not fit; write it like plain, unicast or late.",
    ),
    "a pool backwards": (
        {
            "networks": [
                {**LAN, "dhcp": {"pool": {"first": "10.77.0.9", "last": "10.77.0.8"}}},
            ]
        },
        ("networks", 0, "dhcp", "pool"),
        "The pool starts at 10.77.0.9, after its end 10.77.0.8.",
    ),
    "a number out of range": (
        {"networks": [{**LAN, "dhcp": {**LAN["dhcp"], "options": [{"code": 0, "value": "00"}]}}]},
        ("networks", 0, "dhcp", "options", 0, "code"),
        "0 is not between 1 and 254.",
    ),
    "true is no number": (
        {
            "networks": [
                {**LAN, "dhcp": {**LAN["dhcp"], "options": [{"code": True, "value": "00"}]}}
            ]
        },
        ("networks", 0, "dhcp", "options", 0, "code"),
        "True is not a whole number.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_field_has_its_place_and_a_sentence(case: str) -> None:
    stored, place, sentence = CASES[case]
    assert refused(stored) == [(place, sentence)]


def test_a_config_of_a_newer_version_is_refused_with_the_way_out() -> None:
    ((place, sentence),) = refused({**FULL, "schema": 3, "unheard-of": 1})
    assert place == ("schema",)
    assert "Update Nixie" in sentence


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["10.0.0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FULL, *LAN, *LAN["dhcp"], "pool"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_anything_else_is_refused_by_name_as_pydantic_would(stored: object) -> None:
    try:
        ours: object = read.config(stored)
    except Refused:
        ours = None
    try:
        theirs: object = PYDANTIC.validate_python(stored, strict=False)
    except ValidationError:
        theirs = None
    assert ours is None or ours == theirs
