import pytest

from appliance.plan.shaping import Cake
from services.shaping.translate import HANDLE, asked, cake_of, headed_to

CAKE = Cake(10_000, "dual-srchost", 22, 0, "ptm")
TOLD = {"base_rate64": 1_250_000, "flow_mode": 5, "overhead": 22, "mpu": 0, "atm": 2}
MESSAGE = {"kind": "cake", "handle": HANDLE, "options": TOLD}


def test_a_queue_of_ours() -> None:
    assert cake_of(MESSAGE) == CAKE


@pytest.mark.parametrize("other", [{"handle": 0x8001 << 16}, {"kind": "fq_codel"}])
def test_a_queue_of_somebody_else_is_none(other: dict[str, object]) -> None:
    assert cake_of({**MESSAGE, **other}) is None


def test_the_speed_is_asked_for_in_bits() -> None:
    assert asked(CAKE, arrives=False)["bandwidth"] == 10_000_000


def test_what_arrives_was_on_the_line_already() -> None:
    found = asked(CAKE, arrives=True)
    assert (found["ingress"], found["wash"], found["nat"]) == (True, True, True)


def test_a_filter_that_sends_away_says_where() -> None:
    act = {"attrs": [("TCA_ACT_PRIO_1", {"options": {"parms": {"ifindex": 7}}})]}
    assert headed_to({"options": {"act": act}}) == 7


def test_a_filter_that_sends_nothing_away() -> None:
    assert headed_to({"options": None}) == 0
