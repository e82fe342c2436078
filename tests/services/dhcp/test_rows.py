import pytest

from services.dhcp.lease import BOUND, NEVER, Lease
from services.dhcp.rows import lease, row

MAC = bytes.fromhex("525400123456")


def held(client: bytes) -> Lease:
    made = Lease(174_915_684, MAC, client)
    made.state, made.given_at, made.ends_at, made.hostname = BOUND, 100.0, 3700.0, "ember"
    made.vendor, made.asked = "dhcpcd-9", bytes((1, 3))
    return made


@pytest.mark.parametrize("client", [b"h" + MAC, b"c\xff\x00\x01", b"c\x01"])
def test_a_lease_comes_back_from_its_row(client: bytes) -> None:
    before = held(client)
    after = lease(row("lan", before), 3600)
    for name in (
        "address",
        "mac",
        "client",
        "state",
        "given_at",
        "ends_at",
        "hostname",
        "boot",
        "vendor",
        "asked",
    ):
        assert getattr(after, name) == getattr(before, name)


def test_a_row_is_what_a_person_can_read() -> None:
    assert row("lan", held(b"h" + MAC)) == (
        "lan", 174_915_684, "52:54:00:12:34:56", "hw:52:54:00:12:34:56", "ember", "os", 100.0,
        3700.0, "bound", "dhcpcd-9", "0103",
    )  # fmt: skip


def test_a_lease_that_was_renewed_long_after_it_was_given_is_a_regulars() -> None:
    assert not lease(row("lan", held(b"c1")), 3600).regular
    renewed = held(b"c1")
    renewed.ends_at = 9000.0
    assert lease(row("lan", renewed), 3600).regular


def test_a_row_is_dated_by_the_clock_that_others_read_it_by() -> None:
    written = row("lan", held(b"c1"), 1_000.0)
    assert written[6:8] == (1_100.0, 4_700.0)
    assert lease(written, 3600, 1_000.0).ends_at == 3_700.0


def test_a_lease_that_was_never_given_has_no_date_to_move() -> None:
    before = held(b"c1")
    before.given_at = NEVER
    assert lease(row("lan", before, 1_000.0), 3600, 5.0).given_at == NEVER
