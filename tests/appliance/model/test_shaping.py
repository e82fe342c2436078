from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from appliance.errors import Refused
from appliance.model import read
from appliance.model.compare import differences
from appliance.model.config import Network, RouterConfig
from appliance.model.shaping import MEDIA, Shaping
from appliance.model.wan import Wan

LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"))
CONFIG = RouterConfig((LAN,), Wan("eth0"))


def held(shaping: Shaping | None) -> RouterConfig:
    return replace(CONFIG, wan=Wan("eth0", shaping=shaping))


def test_a_speed_is_given_for_one_direction_at_least() -> None:
    with pytest.raises(Refused, match="at least one direction"):
        read.part(Shaping, {"line": "vdsl"})


def test_a_line_is_one_that_is_known() -> None:
    for line in MEDIA:
        assert read.part(Shaping, {"up_kbit": 1000, "line": line}).line == line
    with pytest.raises(Refused, match="write it like ethernet, cable, vdsl or adsl"):
        read.part(Shaping, {"up_kbit": 1000, "line": "string"})


def test_each_difference_is_told() -> None:
    assert differences(CONFIG, held(Shaping(50_000, 10_000))) == (
        "The speed from the internet becomes 50 Mbit/s (was whatever the line gives).",
        "The speed to the internet becomes 10 Mbit/s (was whatever the line gives).",
    )
    assert differences(held(Shaping(50_000, 10_000)), held(Shaping(50_000, 640, "adsl"))) == (
        "The speed to the internet becomes 640 kbit/s (was 10 Mbit/s).",
        "The speeds are reckoned for: ADSL (was Fibre, or Ethernet of another kind).",
    )
