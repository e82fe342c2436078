"""Who asks for what: remembered while it is switched on, and by the dns role alone."""

import os
from contextlib import closing

import pytest

from appliance.actions.desk import Actor
from appliance.actions.names import note_questions
from appliance.actions.open import open_desk
from appliance.model.dns import Blocking
from appliance.store.names import Question, questions
from appliance.store.recall.open import recall
from tests.live.dns_place import Names, asking, dns
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
]
__all__ = ["dns"]


def note(dns: Names, minutes: int) -> None:
    """Switch it on, or off with 0, as the owner does."""
    with closing(open_desk(dns.state)) as desk:
        actor = Actor("owner", frozenset({"read", "write", "admin"}), "local")
        note_questions(desk, actor, minutes)


def noted(dns: Names, *of: str) -> list[Question]:
    found = questions(recall(dns.state, "dns", {"of": of, "most": 50}))
    assert found is not None
    return found


def whys(dns: Names, name: str) -> list[str]:
    return [one.why for one in noted(dns) if one.name == name]


def switched_on(dns: Names) -> None:
    note(dns, 5)
    until(lambda: bool(dns.answers("nixie.lan") and noted(dns)), "questions are put down")


def test_nothing_is_put_down_by_itself(dns: Names) -> None:
    assert dns.answers("nixie.lan") == ["10.77.0.1"]
    assert noted(dns) == []


def test_a_question_is_put_down_with_its_answer(dns: Names) -> None:
    dns.upstream()
    switched_on(dns)
    assert dns.answers("www.example.com") == ["203.0.113.5"]
    newest = noted(dns)[0]
    assert (newest.client, newest.name, newest.record) == ("10.77.0.50", "www.example.com", "A")
    assert (newest.said, newest.why, newest.by) == ("A 203.0.113.5", "upstream", "192.0.2.1")


def test_a_repeated_question_is_known_from_before(dns: Names) -> None:
    dns.upstream()
    dns.answers("www.example.com")
    dns.answers("www.example.com")
    switched_on(dns)
    dns.answers("www.example.com")
    dns.answers("www.example.com")
    assert whys(dns, "www.example.com") == ["cache", "cache"]


def test_a_name_of_ours_is_known_here(dns: Names) -> None:
    switched_on(dns)
    dns.answers("printer.lan")
    assert whys(dns, "printer.lan") == ["local"]


def test_a_blocked_name_says_by_which_list(dns: Names) -> None:
    dns.publish(asking("192.0.2.1", blocking=Blocking(names=("ads.example",))))
    switched_on(dns)
    until(lambda: dns.ask("ads.example")["code"] == "NXDOMAIN", "it is blocked")
    newest = noted(dns)[0]
    assert (newest.why, newest.by) == ("blocked", "your own names")


def test_a_question_by_tcp_is_put_down(dns: Names) -> None:
    switched_on(dns)
    dns.ask("printer.lan", tcp=True)
    assert whys(dns, "printer.lan") == ["local"]


def test_a_silent_upstream_is_told(dns: Names) -> None:
    switched_on(dns)
    dns.ask("www.example.com")
    assert whys(dns, "www.example.com") == ["failed"]


def test_one_device_is_shown_alone(dns: Names) -> None:
    switched_on(dns)
    assert noted(dns, "10.77.0.50")
    assert noted(dns, "10.77.0.51") == []


def test_switched_off_everything_is_forgotten(dns: Names) -> None:
    switched_on(dns)
    note(dns, 0)
    until(lambda: noted(dns) == [], "it is forgotten")
    note(dns, 5)
    assert "nixie.lan" not in [one.name for one in noted(dns)]


def test_no_file_names_what_was_asked(dns: Names) -> None:
    switched_on(dns)
    dns.ask("secret-wish.example")
    assert whys(dns, "secret-wish.example")
    files = [path for path in dns.state.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"secret-wish" in path.read_bytes()] == []
