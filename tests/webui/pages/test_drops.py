import json

from tests.webui.home import NOW
from tests.webui.household import TABLET
from tests.webui.memory import remembering
from tests.webui.pages.conftest import Home

DROP = {
    "at": NOW - 3,
    "by": "forward-lan-refused",
    "arrived": "br-lan",
    "leaves": "eth9",
    "mac": TABLET,
    "source": "10.77.0.140",
    "destination": "198.51.100.7",
    "protocol": "tcp",
    "port": 443,
}


def test_nothing_held_back_is_said(home: Home) -> None:
    with remembering(home.state, "net", []):
        assert "Nothing was held back" in home.get("/firewall")


def test_a_role_that_does_not_answer_is_said(home: Home) -> None:
    assert "does not tell what is held back" in home.get("/firewall")


def test_a_packet_is_shown_with_its_device(home: Home) -> None:
    with remembering(home.state, "net", [DROP]):
        said = home.get("/firewall")
    assert f'href="/devices/{TABLET.replace(":", "-")}"' in said
    assert "198.51.100.7" in said
    assert "tcp 443" in said
    assert "No rule lets it through." in said


def test_the_model_is_asked_about_the_same_packet(home: Home) -> None:
    with remembering(home.state, "net", [{**DROP, "leaves": "enp1s0"}]):
        said = home.get("/firewall/drops")
    wanted = "source=lan&amp;sender=10.77.0.140&amp;destination=internet&amp;receiver=198.51.100.7"
    assert f"/firewall/why?{wanted}&amp;protocol=tcp&amp;port=443" in said


def test_what_is_for_the_router_is_to_the_router(home: Home) -> None:
    with remembering(home.state, "net", [{**DROP, "leaves": "", "by": "input-lan-refused"}]):
        assert "destination=router" in home.get("/firewall/drops")


def test_allow_this_opens_a_rule_that_is_filled_in(home: Home) -> None:
    asked = "action=accept&source=lan&senders=10.77.0.140&destination=internet"
    said = home.get(f"/firewall/new-rule?{asked}&receivers=198.51.100.7&protocol=tcp&ports=443")
    assert '<option value="accept" selected>' in said
    assert ">10.77.0.140</textarea>" in said
    assert ">198.51.100.7</textarea>" in said
    assert 'value="443"' in said


def test_a_borrowed_sender_cannot_be_allowed(home: Home) -> None:
    with remembering(home.state, "net", [{**DROP, "by": "spoofed"}]):
        said = home.get("/firewall/drops")
    assert "belongs to another network" in said
    assert "Allow this" not in said


def test_what_belongs_to_no_conversation_says_so(home: Home) -> None:
    with remembering(home.state, "net", [{**DROP, "by": "forward-invalid"}]):
        assert "It belongs to no conversation" in home.get("/firewall/drops")


def test_the_api_tells_the_same(home: Home) -> None:
    with remembering(home.state, "net", [DROP]):
        (told,) = json.loads(home.get("/api/v1/firewall/drops"))
    assert told == DROP


def test_a_blocked_device_is_named_as_the_reason(home: Home) -> None:
    with remembering(home.state, "net", [{**DROP, "by": "blocked-from", "leaves": ""}]):
        said = home.get("/firewall/drops")
    assert "The device is blocked." in said
    assert "Allow this" not in said
    assert "Why?" not in said


def test_what_the_router_says_to_a_blocked_device_is_its_own(home: Home) -> None:
    told = {**DROP, "by": "blocked-to", "arrived": "", "mac": "", "leaves": "br-lan"}
    with remembering(home.state, "net", [told]):
        said = home.get("/firewall/drops")
    assert "The device that it is for is blocked." in said
    assert ">router<" in said


def test_no_rule_is_offered_for_a_newcomer(home: Home) -> None:
    with remembering(home.state, "net", [{**DROP, "by": "newcomers-lan"}]):
        assert "Allow this" not in home.get("/firewall/drops")


def test_a_role_that_does_not_tell_is_not_said_to_have_held_nothing_back(home: Home) -> None:
    page = home.get("/firewall/drops")
    assert "The role net does not tell what is held back." in page
    assert "Nothing was held back" not in page
