import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tftp import names


@pytest.mark.parametrize(
    "raw",
    [
        b"bios/undionly.kpxe",
        b"/bios/undionly.kpxe",
        b"\\bios\\undionly.kpxe",
        b"//bios///undionly.kpxe",
        b"./bios/./undionly.kpxe",
        b"bios/undionly.kpxe\xff",
        b"bios/undionly.kpxe\xff\xff\xff",
        b"bios/undionly.kpxe\r\n",
        b"bios/undionly.kpxe ",
        b"tftp://10.77.0.1/bios/undionly.kpxe",
        b"TFTP://10.77.0.1//bios/undionly.kpxe",
    ],
)
def test_g58_every_spelling_seen_means_one_name(raw: bytes) -> None:
    assert names.tidy(raw) == "bios/undionly.kpxe"


def test_g58_upper_case_is_looked_for_as_written_before_lower_case() -> None:
    assert names.candidates(b"BIOS\\Undionly.KPXE") == ("BIOS/Undionly.KPXE", "bios/undionly.kpxe")
    assert names.candidates(b"bios/x") == ("bios/x",)


@pytest.mark.parametrize(
    "raw",
    [
        b"../../etc/passwd",
        b"bios/../../etc/passwd",
        b"..\\..\\etc\\passwd",
        b"..",
        b".",
        b"/",
        b"\xff\xfe",
        b"",
    ],
)
def test_g58_what_climbs_or_is_empty_means_nothing(raw: bytes) -> None:
    assert names.tidy(raw) is None
    assert names.candidates(raw) == ()


@given(st.binary(max_size=300))
def test_a_tidy_name_is_relative_printable_and_does_not_climb(raw: bytes) -> None:
    name = names.tidy(raw)
    if name is not None:
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert name.isascii()
        assert name.isprintable()
        assert names.tidy(name.encode()) == name or "tftp:" in name.lower()


def test_a_raw_name_is_shown_short_with_its_odd_bytes_visible() -> None:
    assert names.asked(b"ipxe.efi\xff") == "ipxe.efi\\xff"
    assert len(names.asked(b"x" * 500)) == 120
