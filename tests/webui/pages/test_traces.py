from dataclasses import asdict
from typing import Any

import pytest

from appliance.model.firewall import Rule
from appliance.model.trace import Flow
from appliance.store.inventory_view import Wish
from appliance.store.traces import Traced
from tests.appliance.model.firewall_home import ruled
from tests.webui.home import NOW
from tests.webui.memory import remembering
from tests.webui.pages.conftest import Home
from webui.pages.traces import said

ASKED = {"source": "lan", "destination": "internet", "protocol": "tcp", "port": "443"}
QUERY = "/firewall/why?source=lan&destination=internet&protocol=tcp&port=443"
FLOW = Flow("lan", (), "internet", (), "tcp", 443)
PACKET = {
    "at": NOW - 3,
    "source": "10.77.0.140",
    "destination": "198.51.100.7",
    "port": 40_000,
    "accepted": False,
    "by": "forward-lan-refused",
    "elsewhere": "",
}


def wish(home: Home) -> Wish:
    found = home.desk.reads.trace_asked()
    assert found
    return found


def told_of(wish: Wish, *packets: dict[str, Any], **changed: Any) -> list[Any]:
    """What the role tells of what was wished."""
    one = {"wish": wish.id, "flow": FLOW.fields(), "until": NOW + 60.0, "over": False}
    return [{**one, "problem": "", "packets": packets, **changed}]


def told(home: Home, *packets: dict[str, Any], **changed: Any) -> list[Any]:
    """The same of what the home wished last."""
    return told_of(wish(home), *packets, **changed)


def watched(home: Home) -> None:
    home.post("/firewall/trace", **ASKED)


def test_by_itself_nothing_is_watched(home: Home) -> None:
    assert "Watch its packets" in home.get(QUERY)
    assert home.desk.reads.trace_asked() is None


def test_without_a_question_there_is_nothing_to_watch(home: Home) -> None:
    assert "Watch its packets" not in home.get("/firewall/why")


def test_a_conversation_is_watched_for_a_minute(home: Home) -> None:
    watched(home)
    assert wish(home).body == {**FLOW.fields(), "until": str(NOW + 60.0)}


def test_while_it_is_watched_it_can_be_stopped(home: Home) -> None:
    watched(home)
    with remembering(home.state, "net", told(home)):
        page = home.get(QUERY)
    assert "Watching tcp 443 from lan to internet." in page
    assert "No packet of it came yet." in page
    assert 'name="stop"' in page


def test_stopping_is_a_wish(home: Home) -> None:
    watched(home)
    home.post("/firewall/trace", **ASKED, stop="1")
    assert wish(home).body["until"] == "0"


@pytest.mark.parametrize(
    ("changed", "state", "sentence"),
    [
        ({}, "Blocked", "No rule lets it through."),
        ({"by": "policy"}, "Blocked", "No rule lets it through."),
        ({"by": "spoofed"}, "Blocked", "belongs to another network"),
        ({"by": "input-invalid"}, "Blocked", "belongs to no conversation"),
        ({"by": "blocked-from"}, "Blocked", "The device is blocked."),
        ({"by": ""}, "Blocked", "A rule that is not there any more decided."),
        ({"by": "", "elsewhere": "ip docker FORWARD"}, "Blocked", "(ip docker FORWARD)"),
        ({"by": "forward-lan-internet", "accepted": True}, "Passed", "The zone of the sender"),
        ({"by": "forward-answers", "accepted": True}, "Passed", "that was let through."),
        ({"by": "input-dns-udp", "accepted": True}, "Passed", "The router offers this"),
        ({"by": "", "accepted": None}, "Not judged", "the router knows no way there"),
    ],
)
def test_each_packet_has_its_verdict_with_the_reason(
    home: Home, changed: dict[str, Any], state: str, sentence: str
) -> None:
    watched(home)
    with remembering(home.state, "net", told(home, {**PACKET, **changed})):
        page = home.get(QUERY)
    assert state in page
    assert sentence in page
    assert "10.77.0.140:40000" in page


def test_the_rule_that_decides_is_a_link() -> None:
    config = ruled(Rule("bedtime", "lan", "internet", "drop"))
    one = Traced(NOW, "10.77.0.140", "198.51.100.7", 40_000, False, "rule:bedtime", "")
    assert said(config, one)[1] == "/firewall/rules/bedtime"


def test_an_ipv6_sender_is_told_from_its_port(home: Home) -> None:
    watched(home)
    with remembering(home.state, "net", told(home, {**PACKET, "source": "fd77::5"})):
        assert "[fd77::5]:40000" in home.get(QUERY)


def test_afterwards_what_was_seen_stays(home: Home) -> None:
    watched(home)
    with remembering(home.state, "net", told(home, PACKET, over=True)):
        page = home.get(QUERY)
    assert "These were of tcp 443 from lan to internet." in page
    assert "Watch its packets" in page


def test_silence_has_its_reason(home: Home) -> None:
    watched(home)
    with remembering(home.state, "net", told(home, over=True)):
        page = home.get(QUERY)
    assert "Either the device did not try, or what it sends does not reach the router." in page


def test_a_kernel_that_cannot_is_said(home: Home) -> None:
    watched(home)
    why = "The kernel does not trace packets: Operation not supported."
    with remembering(home.state, "net", told(home, over=True, problem=why)):
        assert why in home.get(QUERY)


def test_what_was_watched_before_is_not_shown_as_what_is_watched_now(home: Home) -> None:
    watched(home)
    before = told(home, PACKET)
    watched(home)
    with remembering(home.state, "net", before):
        assert "198.51.100.7" not in home.get(QUERY)


def test_what_cannot_be_read_is_said(home: Home) -> None:
    answer = home.client.post("/firewall/trace", data={**ASKED, "sender": "ghost"})
    assert answer.status_code == 422
    assert "ghost is no device with a fixed address, and no address." in answer.text


def test_the_api_tells_the_same(home: Home) -> None:
    watched(home)
    with remembering(home.state, "net", told(home, PACKET)):
        found = home.client.get("/api/v1/firewall/trace").json()
    assert found["packets"] == [PACKET]
    assert found["what"] == FLOW.words
    assert asdict(FLOW)["port"] == 443
