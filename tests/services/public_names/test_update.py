"""Updates byte by byte, and answers, friendly or not; BIND reads them in tests/live."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.public_names.tsig import BADKEY, BADSIG, BADTIME, Key, signed
from services.public_names.update import MEANINGS, update, verdict
from services.public_names.verdict import Then, Verdict
from tests.services.public_names.answers import NOW, answer

KEY = Key("router", "hmac-sha256", b"secret")
PLAIN = update(0x1234, "example.org", "home.example.org", 300, ("203.0.113.5", "2001:db8::5"))
ASKED, MAC = signed(PLAIN, KEY, NOW)


def judged(message: bytes) -> Verdict:
    return verdict("ns1.example.org", message, ASKED, KEY, MAC, NOW)


HOME = b"\4home\7example\3org\0"


def test_each_family_is_replaced_whole() -> None:
    head = bytes.fromhex("1234 2800 0001 0000 0004 0000")
    zone = b"\7example\3org\0" + bytes.fromhex("0006 0001")
    no_v4 = bytes.fromhex("0001 00ff 00000000 0000")
    v4 = bytes.fromhex("0001 0001 0000012c 0004 cb007105")
    no_v6 = bytes.fromhex("001c 00ff 00000000 0000")
    v6 = bytes.fromhex("001c 0001 0000012c 0010 20010db8000000000000000000000005")
    assert head + zone + b"".join(HOME + one for one in (no_v4, v4, no_v6, v6)) == PLAIN


def test_a_signed_yes_is_one() -> None:
    assert judged(answer(PLAIN, MAC, KEY)).then is Then.PUBLISHED


def test_a_yes_without_signature_is_none() -> None:
    found = judged(answer(PLAIN, MAC, None))
    assert (found.then, "somebody else" in found.what) == (Then.LATER, True)


def test_a_yes_by_another_key_is_none() -> None:
    other = Key("router", "hmac-sha256", b"other")
    assert judged(answer(PLAIN, MAC, other)).then is Then.LATER


@pytest.mark.parametrize(
    ("code", "word"), [(5, "REFUSED"), (9, "NOTAUTH"), (4, "NOTIMP"), (10, "NOTZONE")]
)
def test_a_refusal_stops_with_its_word(code: int, word: str) -> None:
    found = judged(answer(PLAIN, MAC, KEY, code=code))
    assert (found.then, word in found.what) == (Then.STOP, True)


def test_trouble_of_the_server_is_waited_out() -> None:
    assert judged(answer(PLAIN, MAC, KEY, code=2)).then is Then.LATER


@pytest.mark.parametrize(
    ("error", "word"), [(BADSIG, "secret"), (BADKEY, "does not know this key")]
)
def test_a_key_that_is_wrong_stops(error: int, word: str) -> None:
    found = judged(answer(PLAIN, b"", None, code=9, error=error))
    assert (found.then, word in found.what) == (Then.STOP, True)


def test_two_clocks_are_named() -> None:
    other = int(NOW + 7200).to_bytes(6)
    found = judged(answer(PLAIN, MAC, KEY, code=9, error=BADTIME, other=other))
    assert found.then is Then.AGAIN
    assert "there it is 2026-03-15 23:14:07 UTC, here it is 2026-03-15 21:14:07 UTC" in found.what


def test_an_answer_to_something_else_is_none() -> None:
    other = update(0x4321, "example.org", "home.example.org", 300, ("203.0.113.5",))
    assert judged(answer(other, MAC, KEY)).then is Then.LATER
    assert judged(ASKED).then is Then.LATER


@pytest.mark.parametrize("code", range(1, 16))
def test_no_other_code_publishes(code: int) -> None:
    found = judged(answer(PLAIN, MAC, KEY, code=code))
    assert found.then is MEANINGS.get(code, (Then.LATER, ""))[0]
    assert found.then is not Then.PUBLISHED


@given(some.binary(max_size=600))
def test_no_bytes_publish(message: bytes) -> None:
    found = judged(PLAIN[:2] + b"\xa8\x00" + message)
    assert found.then is not Then.PUBLISHED
    assert found.what.isprintable()


def test_a_time_beyond_all_calendars_is_left_out() -> None:
    found = judged(answer(PLAIN, MAC, KEY, code=9, error=BADTIME, other=b"\xff" * 6))
    assert "here it is" in found.what
    assert "there" not in found.what
