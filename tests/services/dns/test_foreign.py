import dnslib
import pytest

from services.dns.foreign import told

NXDOMAIN = 3
GIT = b"\x03git\x03lan\x00"


def said(name: str, *records: str) -> tuple[bytes, bytes]:
    """A question and the answer to it."""
    question = dnslib.DNSRecord.question(name, "A")
    answer = question.reply()
    for record in records:
        answer.add_answer(*dnslib.RR.fromZone(record))
    return bytes(question.pack()), bytes(answer.pack())


@pytest.mark.parametrize(
    "record",
    ["git.lan. 60 A 10.77.0.20", "git.lan. 60 AAAA fd77::20", "git.lan. 60 A 127.0.0.1",
     "git.lan. 60 A 169.254.169.254", "git.lan. 60 AAAA ::ffff:a4d:14"],
)  # fmt: skip
def test_an_address_at_home_is_kept_from_foreign_code(record: str) -> None:
    told_it = dnslib.DNSRecord.parse(told(*said("git.lan", record), frozenset()))
    assert (told_it.header.rcode, told_it.rr) == (NXDOMAIN, [])


def test_one_address_at_home_among_others_is_enough() -> None:
    both = said("x.org", "x.org. 60 A 203.0.113.9", "x.org. 60 A 192.168.1.1")
    assert dnslib.DNSRecord.parse(told(*both, frozenset())).header.rcode == NXDOMAIN


def test_a_listed_server_is_told() -> None:
    question, answer = said("GIT.lan", "git.lan. 60 A 10.77.0.20")
    assert told(question, answer, frozenset({GIT})) == answer


def test_the_internet_is_told() -> None:
    question, answer = said("x.org", "x.org. 60 A 203.0.113.9")
    assert told(question, answer, frozenset()) == answer
