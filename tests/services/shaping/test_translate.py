import pytest

from appliance.plan.shaping import Cake
from services.shaping.translate import HANDLE, asked, cake_of, headed_to

CAKE = Cake(10_000, "dual-srchost", 22, 0, "ptm")
TOLD = (
    ("TCA_CAKE_BASE_RATE64", 1_250_000),
    ("TCA_CAKE_FLOW_MODE", 5),
    ("TCA_CAKE_OVERHEAD", 22),
    ("TCA_CAKE_ATM", 2),
    ("TCA_CAKE_MPU", 0),
)
MESSAGE = {"kind": "cake", "handle": HANDLE, "options": {"attrs": TOLD}}


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
    options = {"attrs": [("TCA_MIRRED_PARMS", {"ifindex": 7})]}
    act = {"attrs": [("TCA_ACT_KIND", "mirred"), ("TCA_ACT_OPTIONS", options)]}
    acts = {"attrs": [("TCA_ACT_PRIO_1", act)]}
    assert headed_to({"options": {"attrs": [("TCA_MATCHALL_ACT", acts)]}}) == 7


def test_a_filter_that_sends_nothing_away() -> None:
    assert headed_to({"options": None}) == 0
