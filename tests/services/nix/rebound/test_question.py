"""What our own resolver says of a name that leads home, in its own words."""

import dnslib
import pytest

from services.dns.foreign import told
from services.nix.rebound.question import leads_home, questions


def said(question: bytes, record: str, *, led_home: bool = False) -> bytes:
    """Our resolver's answer to foreign code."""
    answer = dnslib.DNSRecord.parse(question).reply()
    if record:
        answer.add_answer(*dnslib.RR.fromZone(record))
    return told(question, bytes(answer.pack()), frozenset(), led_home=led_home)


def test_both_kinds_of_address_are_asked_for() -> None:
    asked = [dnslib.DNSRecord.parse(one).q for one in questions("rebind.example")]
    assert [str(one.qname) for one in asked] == ["rebind.example."] * 2
    assert [dnslib.QTYPE[one.qtype] for one in asked] == ["A", "AAAA"]


def test_a_name_that_leads_home_is_said_to() -> None:
    question = next(questions("rebind.example"))
    assert leads_home(question, said(question, "rebind.example. 60 A 10.77.0.20"))


def test_one_whose_addresses_were_taken_out_is_said_to() -> None:
    question = next(questions("rebind.example"))
    assert leads_home(question, said(question, "", led_home=True))


@pytest.mark.parametrize("record", ["", "rebind.example. 60 A 203.0.113.9"])
def test_one_that_does_not_is_not(record: str) -> None:
    question = next(questions("rebind.example"))
    assert not leads_home(question, said(question, record))


def test_an_answer_to_another_question_says_nothing() -> None:
    one, other = questions("rebind.example")
    assert not leads_home(other, said(one, "rebind.example. 60 A 10.77.0.20"))


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example", "a." * 130])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    assert list(questions(name)) == []
