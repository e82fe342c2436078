"""The registry of makers as set-up compacts it (nixos-image/debian/makers.awk)."""

import subprocess
from pathlib import Path

from services.devices.fingerprint import maker

AWK = Path(__file__).parents[3] / "nixos-image/debian/makers.awk"
PLAIN = (
    "OUI/MA-L\t\tOrganization\r\n\r\n00-1B-21   (hex)\t\tIntel Corporate\r\n"
    "001B21     (base 16)\t\tIntel Corporate\r\n\t\t\t\tLot 8, Jalan Hi-Tech 2/3\r\n"
    "70-B3-D5   (hex)\t\tIEEE Registration Authority\r\n"
    "70B3D5     (base 16)\t\tIEEE Registration Authority\r\n"
)
MEDIUM = (
    "74-1A-E0   (hex)\t\tPrivate\r\n900000-9FFFFF     (base 16)\t\tPrivate\r\n"
    "20-85-93   (hex)\t\tIOG Products LLC\r\nB00000-BFFFFF     (base 16)\t\tIOG Products LLC\r\n"
)
SMALL = "70-B3-D5   (hex)\t\tARKRAY\r\n003000-003FFF     (base 16)\t\tARKRAY, Inc.\r\n"


def compacted(tmp_path: Path) -> bytes:
    files = []
    for name, text in (("oui", PLAIN), ("mam", MEDIUM), ("oui36", SMALL)):
        files.append(tmp_path / f"{name}.txt")
        files[-1].write_text(text, newline="")
    done = subprocess.run(
        ["awk", "-f", str(AWK), *map(str, files)], capture_output=True, check=True, text=True
    )
    lines = sorted(line.encode() for line in done.stdout.splitlines())
    return b"".join(line + b"\n" for line in lines)


def test_a_card_is_of_the_maker_of_its_first_six_digits(tmp_path: Path) -> None:
    assert maker(compacted(tmp_path), "00:1b:21:00:00:01") == "Intel Corporate"


def test_a_piece_of_a_block_has_its_own_maker(tmp_path: Path) -> None:
    registry = compacted(tmp_path)
    assert maker(registry, "20:85:93:b1:23:45") == "IOG Products LLC"
    assert maker(registry, "70:b3:d5:00:3f:ff") == "ARKRAY, Inc."


def test_what_is_left_of_a_block_is_its_owners(tmp_path: Path) -> None:
    assert maker(compacted(tmp_path), "70:b3:d5:00:40:00") == "IEEE Registration Authority"


def test_a_private_maker_is_nobody(tmp_path: Path) -> None:
    assert maker(compacted(tmp_path), "74:1a:e0:90:00:01") == ""


def test_a_made_up_mac_has_no_maker() -> None:
    assert maker(b"DAA119\tSomebody\n", "da:a1:19:00:00:01") == ""


def test_nobody_knows_a_maker_without_the_registry() -> None:
    assert maker(b"", "00:1b:21:00:00:01") == ""
