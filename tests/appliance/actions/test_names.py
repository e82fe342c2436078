import pytest

from appliance.actions.desk import Actor, Desk
from appliance.actions.names import LONGEST_MINUTES, pause_blocking, resume_blocking
from appliance.actions.refusals import Forbidden
from appliance.errors import Refused

OWNER = Actor("owner", frozenset({"read", "write"}), "session")


def test_a_pause_ends_after_its_minutes(desk: Desk) -> None:
    done = pause_blocking(desk, OWNER, 5)
    assert done.what == "Nothing is blocked for 5 minutes."
    assert desk.reads.blocking_paused_until() == pytest.approx(desk.now() + 300, abs=5)


def test_a_pause_can_be_ended(desk: Desk) -> None:
    pause_blocking(desk, OWNER, 5)
    resume_blocking(desk, OWNER)
    assert desk.reads.blocking_paused_until() <= desk.now()


@pytest.mark.parametrize("minutes", [0, -1, LONGEST_MINUTES + 1])
def test_a_pause_has_a_sensible_length(desk: Desk, minutes: int) -> None:
    with pytest.raises(Refused, match="takes 1 to"):
        pause_blocking(desk, OWNER, minutes)


def test_who_may_only_look_cannot_pause(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        pause_blocking(desk, Actor("guest", frozenset({"read"}), "session"), 5)
