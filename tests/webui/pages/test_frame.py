"""What stands in the top line of every page."""

from contextlib import closing
from dataclasses import replace

from appliance.model.slices import TimeSlice
from appliance.plan.slices import cut
from appliance.store import trials
from appliance.store.open import writer
from tests.webui.home import CONFIG, NOW
from tests.webui.pages.conftest import Home

CHIP = "Clock not trusted"


def clock(home: Home, *, trusted: bool) -> None:
    """What net publishes of the clock."""
    slices = replace(cut(CONFIG, 1, {}), time=TimeSlice(trusted=trusted))
    with closing(writer(home.state / "net.db", trials.MIGRATIONS)) as net:
        trials.publish(net, slices, NOW)


def test_a_clock_that_is_not_to_be_believed_has_a_chip_on_every_page(lived_in: Home) -> None:
    clock(lived_in, trusted=False)
    for page in ("/", "/machines", "/frame/now"):
        assert CHIP in lived_in.get(page)


def test_a_clock_that_is_right_has_none(lived_in: Home) -> None:
    clock(lived_in, trusted=True)
    assert CHIP not in lived_in.get("/")
