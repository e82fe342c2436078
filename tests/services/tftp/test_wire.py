import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tftp import wire

SHIM = bytes.fromhex(
    "000173332f677275627836342e656669006f6374657400626c6b73697a6500353132"
    "0077696e646f7773697a65003400"
)


def test_shims_request_is_read_as_captured() -> None:
    read = wire.request(SHIM)
    assert (read.name, read.mode) == (b"s3/grubx64.efi", "octet")
    assert read.options == {"blksize": "512", "windowsize": "4"}


def test_option_names_and_the_mode_are_told_in_lower_case() -> None:
    read = wire.request(b"\0\1f\0OcTeT\0BlkSize\x001400\0")
    assert (read.mode, read.options) == ("octet", {"blksize": "1400"})


def test_a_name_that_is_not_ascii_is_kept_raw() -> None:
    assert wire.request(b"\0\1ipxe.efi\xff\0octet\0").name == b"ipxe.efi\xff"


def test_a_write_request_says_so() -> None:
    assert wire.request(b"\0\2evil\0octet\0").write


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0",
        b"\0\1",
        b"\0\1name",
        b"\0\1name\0octet",
        b"\0\1name\0octet\0blksize\0",
        b"\0\1\0octet\0",
        b"\0\1name\0octet\0\xff\0\xff\0",
        b"\0\1name\0octet\0a\0\0b\0c\0",
        b"\0\3\0\1data",
        b"\0\1" + b"n" * 5000 + b"\0octet\0",
    ],
)
def test_what_is_not_a_request_is_refused_by_name(datagram: bytes) -> None:
    with pytest.raises(wire.NotTftp):
        wire.request(datagram)


@given(st.binary(max_size=600))
def test_no_bytes_do_anything_but_parse_or_refuse(datagram: bytes) -> None:
    for prefix in (b"", b"\0\1", b"\0\2"):
        with contextlib.suppress(wire.NotTftp):
            wire.request(prefix + datagram)
    wire.acknowledged(datagram)
    wire.abort(datagram)


def test_a_short_acknowledgement_is_none() -> None:
    assert wire.acknowledged(b"\0\4\0") is None


def test_an_error_is_read_however_short() -> None:
    assert wire.abort(b"\0\5") == wire.Abort(0, "")
    assert wire.abort(b"\0\5\0\x08User aborted the transfer\0") == wire.Abort(
        8, "User aborted the transfer"
    )


def test_an_option_acknowledgement_is_pairs_of_strings() -> None:
    assert wire.option_acknowledgement({"tsize": "9"}) == b"\0\6tsize\x009\0"


def test_an_error_carries_our_own_words() -> None:
    assert wire.error(wire.NOT_FOUND, "no such file") == b"\0\5\0\1no such file\0"
