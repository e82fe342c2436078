from dataclasses import replace

import pytest

from appliance.model.public_names import PublicName, checked
from appliance.store.public_names import Outcome, Record
from services.public_names.schedule import (
    LATER_SECONDS,
    LEAST_SECONDS,
    LONGEST_RETRY_SECONDS,
    OFF,
    UNTRUSTED,
    Found,
    Rest,
    Send,
    alarm,
    decide,
    tried,
)
from services.public_names.verdict import Then, Verdict

NOW = 1_773_609_247.0
DAY = 86_400.0
V4, V6 = "203.0.113.5", "2001:db8::5"
HERE = Found(V4, V6, online=True)


def named(publishes: str = "both", days: str = "24") -> PublicName:
    told = {"user": "u", "publishes": publishes, "refresh_days": days}
    name, settings = checked("home.example.org", "dyn", told)
    return PublicName("id", name, "dyn", settings, set_at=NOW - 100)


NAME = named()
NONE = Record()


def after(then: Then, record: Record = NONE, at: float = NOW, dice: float = 0.0) -> Record:
    return tried(NAME, record, Send(V4, V6), Verdict(then, "what it said"), at, dice)


DONE = after(Then.PUBLISHED)


def test_a_new_name_is_published_at_once() -> None:
    assert decide(NAME, Record(), HERE, NOW) == Send(V4, V6)


def test_what_was_published_is_left_alone() -> None:
    for later in (1.0, 60.0, DAY, 23 * DAY):
        assert decide(NAME, DONE, HERE, NOW + later) == Rest()


def test_another_address_is_published() -> None:
    moved = replace(HERE, v4="203.0.113.9")
    assert decide(NAME, DONE, moved, NOW + 60) == Send("203.0.113.9", V6)


def test_an_address_that_comes_and_goes_is_not_followed_faster_than_this() -> None:
    moved = replace(HERE, v4="203.0.113.9")
    assert decide(NAME, DONE, moved, NOW + LEAST_SECONDS - 1) == Rest()


def test_an_address_that_went_away_leaves_the_name_as_it_is() -> None:
    assert decide(NAME, DONE, replace(HERE, v6=""), NOW + 60) == Rest()


def test_before_services_forget_it_is_said_again() -> None:
    assert decide(NAME, DONE, HERE, NOW + 24 * DAY + 1) == Send(V4, V6)


def test_said_again_is_earlier_by_chance() -> None:
    early = after(Then.PUBLISHED, dice=1.0)
    assert decide(NAME, early, HERE, NOW + 20 * DAY) == Send(V4, V6)


def test_what_the_owner_says_new_is_done_at_once() -> None:
    for then in Then:
        changed = replace(NAME, set_at=NOW + 1)
        assert decide(changed, after(then), HERE, NOW + 2) == Send(V4, V6)


def test_what_stopped_stays_so() -> None:
    stopped = after(Then.STOP)
    moved = replace(HERE, v4="203.0.113.9")
    assert decide(NAME, stopped, moved, NOW + 365 * DAY) == Rest()


def test_what_failed_is_tried_again_with_growing_pauses() -> None:
    record, at, pauses = Record(), NOW, []
    for _ in range(14):
        record = after(Then.UNREACHED, record, at)
        pauses.append(record.next_at - at)
        assert decide(NAME, record, HERE, record.next_at - 1) == Rest()
        at = record.next_at
        assert decide(NAME, record, HERE, at) == Send(V4, V6)
    assert pauses[:3] == [3.0, 6.0, 12.0]
    assert pauses[-1] == LONGEST_RETRY_SECONDS


def test_a_pause_is_longer_by_chance() -> None:
    assert after(Then.AGAIN, dice=1.0).next_at == NOW + 72.0


def test_a_server_that_answers_is_not_asked_again_within_a_minute() -> None:
    assert after(Then.AGAIN).next_at == NOW + 60.0


def test_another_address_ends_a_pause() -> None:
    failed = after(Then.AGAIN, replace(NONE, failures=9, set_at=NAME.set_at))
    assert isinstance(decide(NAME, failed, replace(HERE, v4="203.0.113.9"), NOW + 60), Send)


def test_a_server_in_trouble_is_left_alone_for_half_an_hour() -> None:
    held = after(Then.LATER)
    moved = replace(HERE, v4="203.0.113.9")
    assert decide(NAME, held, moved, NOW + LATER_SECONDS - 1) == Rest()
    assert isinstance(decide(NAME, held, moved, NOW + LATER_SECONDS), Send)


def test_success_forgets_the_failures() -> None:
    failed = after(Then.AGAIN, after(Then.AGAIN))
    assert (failed.failures, after(Then.PUBLISHED, failed).failures) == (2, 0)


def test_without_the_time_nothing_is_tried() -> None:
    assert decide(NAME, Record(), replace(HERE, trusted=False), 0.0) == Rest(UNTRUSTED)


def test_without_the_internet_nothing_is_tried() -> None:
    away = Found(V4, online=False, why="no cable.")
    assert decide(NAME, Record(), away, NOW) == Rest("There is no internet: no cable.")
    assert decide(NAME, Record(), Found(), NOW) == Rest(OFF)


def test_a_private_address_is_not_published() -> None:
    found = decide(NAME, Record(), Found("192.168.1.7", online=True), NOW)
    assert isinstance(found, Rest)
    assert found.hidden
    assert "that the internet cannot reach" in found.waits


def test_beside_a_private_address_ipv6_is_published() -> None:
    found = decide(NAME, Record(), replace(HERE, v4="100.64.1.1"), NOW)
    assert isinstance(found, Send)
    assert (found.v4, found.v6) == ("", V6)
    said = tried(NAME, NONE, found, Verdict(Then.PUBLISHED, "Done."), NOW, 0.0).said
    assert said.startswith("Done. Your provider gives you an address that the internet cannot")


def test_as_it_is_seen_a_private_address_does_not_matter() -> None:
    behind = Found("192.168.1.7", V6, online=True)
    assert decide(named("seen"), Record(), behind, NOW) == Send("192.168.1.7", "")


@pytest.mark.parametrize(("publishes", "sent"), [("ipv4", Send(V4, "")), ("ipv6", Send("", V6))])
def test_one_family_is_published_alone(publishes: str, sent: Send) -> None:
    assert decide(named(publishes), Record(), HERE, NOW) == sent


def test_without_an_address_it_waits() -> None:
    found = decide(named("ipv6"), Record(), replace(HERE, v6=""), NOW)
    assert isinstance(found, Rest)
    assert found.waits
    assert not found.hidden


def test_a_clock_that_was_set_back_does_not_wait_for_years() -> None:
    for record in (
        after(Then.AGAIN, at=NOW + 900 * DAY),
        after(Then.PUBLISHED, at=NOW + 900 * DAY),
    ):
        assert decide(NAME, record, HERE, NOW) == Send(V4, V6)


def test_what_another_server_took_is_not_known_of_this_one() -> None:
    one = replace(NAME, set_at=NOW + 1)
    found = tried(one, DONE, Send("203.0.113.9", ""), Verdict(Then.PUBLISHED, "Done."), NOW, 0.0)
    assert (found.v4, found.v6) == ("203.0.113.9", "")


def test_a_hiccup_is_no_alarm() -> None:
    record = NONE
    for _ in range(5):
        record = after(Then.UNREACHED, record)
        assert alarm(record) == ""
    assert alarm(after(Then.UNREACHED, record)) == "what it said"


def test_what_stopped_is_an_alarm() -> None:
    assert alarm(after(Then.STOP)) == "what it said"
    assert after(Then.STOP).outcome is Outcome.STOPPED


def test_a_private_address_is_an_alarm() -> None:
    assert alarm(replace(DONE, hidden=True, waits="why")) == "why"
    assert alarm(DONE) == ""
