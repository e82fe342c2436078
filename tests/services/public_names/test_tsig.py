"""Signatures, beside dnslib, which reads messages without knowing what a signature is."""

import struct
from dataclasses import replace

import pytest
from dnslib import DNSRecord
from hypothesis import given
from hypothesis import strategies as some

from appliance.model.public_names import ALGORITHMS
from services.dns.wire import TSIG, Malformed
from services.public_names.tsig import BADTIME, Key, signed, split, verified

NOW = 1_773_609_247.0
KEY = Key("Router.Example", "hmac-sha256", b"secret")
QUESTION = bytes(DNSRecord.question("home.example.org").pack())


def test_a_signed_message_has_one_record_more() -> None:
    message, mac = signed(QUESTION, KEY, NOW)
    (record,) = DNSRecord.parse(message).ar
    assert (record.rtype, str(record.rname), record.rclass, record.ttl) == (
        TSIG,
        "router.example.",
        255,
        0,
    )
    assert len(mac) == 32
    assert mac in bytes(record.rdata.data)


def test_split_gives_back_what_was_signed() -> None:
    message, mac = signed(QUESTION, KEY, NOW)
    plain, found = split(message)
    assert found is not None
    assert plain == QUESTION
    assert (found.mac, found.signed_at, found.fudge, found.error) == (mac, int(NOW), 300, 0)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_answer_is_verified_with_the_question(algorithm: str) -> None:
    key = replace(KEY, algorithm=algorithm)
    _, asked = signed(QUESTION, key, NOW)
    answer = answered(key, asked)
    plain, found = split(answer)
    assert found is not None
    assert verified(plain, found, key, asked)
    assert not verified(plain, found, key, asked[::-1])
    assert not verified(plain, found, replace(key, secret=b"other"), asked)
    assert not verified(plain, found, replace(key, name="other"), asked)
    assert not verified(plain + b"x", found, key, asked)


def answered(key: Key, asked: bytes, error: int = 0, other: bytes = b"") -> bytes:
    """QUESTION sent back by who has the key: the bytes that are signed are RFC 8945 §4.3's."""
    times = struct.pack("!HIH", 0, int(NOW), 300)
    tail = struct.pack("!HH", error, len(other)) + other
    fields = key.owner + b"\0\xff\0\0\0\0" + key.kind + times + tail
    mac = key.mac(struct.pack("!H", len(asked)) + asked + QUESTION + fields)
    told = key.kind + times + struct.pack("!H", len(mac)) + mac + QUESTION[:2] + tail
    record = key.owner + struct.pack("!HHIH", TSIG, 255, 0, len(told)) + told
    return QUESTION[:10] + b"\0\1" + QUESTION[12:] + record


def test_another_time_is_told() -> None:
    _, asked = signed(QUESTION, KEY, NOW)
    _, found = split(answered(KEY, asked, BADTIME, int(NOW + 9000).to_bytes(6)))
    assert found is not None
    assert (found.error, found.server_time) == (BADTIME, int(NOW) + 9000)


def test_another_id_on_the_way_changes_nothing() -> None:
    _, asked = signed(QUESTION, KEY, NOW)
    answer = b"\xff\xff" + answered(KEY, asked)[2:]
    plain, found = split(answer)
    assert found is not None
    assert verified(plain, found, KEY, asked)


def test_a_message_without_a_signature_has_none() -> None:
    assert split(QUESTION) == (QUESTION, None)


@given(some.binary(max_size=600))
def test_bytes_are_read_or_refused(message: bytes) -> None:
    try:
        split(message)
    except Malformed:
        return


@given(some.data())
def test_a_message_with_a_hole_is_read_or_refused(data: some.DataObject) -> None:
    message = bytearray(signed(QUESTION, KEY, NOW)[0])
    for _ in range(data.draw(some.integers(1, 6))):
        message[data.draw(some.integers(0, len(message) - 1))] = data.draw(some.integers(0, 255))
    cut = bytes(message[: data.draw(some.integers(0, len(message)))])
    try:
        split(cut)
    except Malformed:
        return
