import pytest

from appliance.actions.desk import Actor, Desk
from appliance.actions.names import LONGEST_MINUTES, look_up, pause_blocking, resume_blocking
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


def test_a_name_is_looked_up_by_a_wish(desk: Desk) -> None:
    done = look_up(desk, OWNER, "WWW.Example.com.", "AAAA", "10.77.0.9")
    wish = desk.reads.wish(done.wish or "")
    assert wish
    assert wish.body == {"name": "www.example.com", "record": "AAAA", "client": "10.77.0.9"}


@pytest.mark.parametrize(
    ("name", "record", "client"), [("not a name", "A", ""), ("a.b", "ANY", ""), ("a.b", "A", "me")]
)
def test_what_cannot_be_looked_up_is_refused(
    desk: Desk, name: str, record: str, client: str
) -> None:
    with pytest.raises(Refused):
        look_up(desk, OWNER, name, record, client)
