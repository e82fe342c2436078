"""Time zones by name."""

from datetime import datetime

import pytest

from appliance.model.week import zone


def test_a_zone_knows_its_summer() -> None:
    assert f"{datetime.fromtimestamp(1_752_580_800, zone('Europe/Helsinki')):%H:%M}" == "15:00"


@pytest.mark.parametrize("name", ["Nowhere/Land", "", "../../etc/passwd", "/etc/localtime"])
def test_what_this_computer_does_not_know_is_utc(name: str) -> None:
    assert str(zone(name)) == "UTC"
