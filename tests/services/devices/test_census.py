"""Rows of devices, folded from what is seen."""

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

from appliance.store.devices import DeviceRow
from appliance.store.leases import LeaseRow
from services.devices.census import (
    ADDRESSES,
    FORGOTTEN_SECONDS,
    KEPT,
    SEEN_SECONDS,
    STRANGER_FORGOTTEN_SECONDS,
    STRANGER_SECONDS,
    STRANGERS_KEPT,
    Look,
    folded,
    kept,
)
from services.devices.wire import Neighbour

MAC = "00:1b:21:aa:bb:cc"
NOW = 1_000_000.0
BRIDGE = 3
LEASE = LeaseRow(
    *("lan", IPv4Address("10.77.0.50"), MAC, "ember", "os", NOW - 9, NOW + 900, "bound"),
    *("android-dhcp-14", "0103"),
)


def near(address: str, *, mac: str = MAC, alive: bool = True, link: int = BRIDGE) -> Neighbour:
    return Neighbour(link, mac, ip_address(address), alive)


def learnt(mac: str = MAC) -> Neighbour:
    return Neighbour(BRIDGE, mac, None, alive=True)


def rows(
    *neighbours: Neighbour,
    leases: tuple[LeaseRow, ...] = (),
    before: dict[str, DeviceRow] | None = None,
    now: float = NOW,
) -> dict[str, DeviceRow]:
    return folded(before or {}, Look({BRIDGE: "lan"}, neighbours, leases, now), lambda _: "Intel")


def test_a_neighbour_is_a_device() -> None:
    assert rows(near("10.77.0.9"))[MAC] == DeviceRow(
        MAC, "lan", "", "Intel", "", ("10.77.0.9",), NOW, NOW, here=True
    )


def test_what_comes_back_to_the_router_is_no_device() -> None:
    """Its own router advertisements do: multicast returns to whoever sent it."""
    look = Look({BRIDGE: "lan"}, (near("fe80::1"), learnt()), (), NOW, ours={MAC})
    row = rows(near("fe80::1"))[MAC]
    assert folded({}, look, lambda _: "") == folded({MAC: row}, look, lambda _: "") == {}


def test_a_lease_gives_name_system_and_address() -> None:
    row = rows(leases=(LEASE,))[MAC]
    assert (row.hostname, row.system, row.addresses) == ("ember", "Android 14", ("10.77.0.50",))


def test_a_lease_alone_does_not_make_it_be_here() -> None:
    assert not rows(leases=(LEASE,))[MAC].here


def test_a_lease_that_ended_is_no_device() -> None:
    assert rows(leases=(replace(LEASE, ends_at=NOW),)) == {}


def test_whom_only_a_bridge_heard_is_no_device() -> None:
    assert rows(learnt()) == {}


def test_a_known_device_that_a_bridge_hears_is_here() -> None:
    before = rows(leases=(LEASE,))
    assert rows(learnt(), before=before)[MAC].here


def test_a_neighbour_on_another_link_is_no_device() -> None:
    assert rows(near("192.0.2.1", link=8)) == {}


def test_a_stale_neighbour_is_away() -> None:
    assert not rows(near("10.77.0.9", alive=False))[MAC].here


def test_who_is_gone_is_away_with_its_last_address() -> None:
    row = rows(before=rows(near("10.77.0.9")), now=NOW + 10)[MAC]
    assert (row.here, row.addresses, row.last_seen) == (False, ("10.77.0.9",), NOW)


def test_the_leased_address_counts_where_old_ones_are_stale() -> None:
    row = rows(near("10.77.0.9", alive=False), learnt(), leases=(LEASE,))[MAC]
    assert row.addresses == ("10.77.0.50",)


def test_the_address_that_answers_counts_where_old_ones_are_stale() -> None:
    row = rows(near("10.77.0.9", alive=False), near("10.77.0.10"))[MAC]
    assert row.addresses == ("10.77.0.10",)


def test_global_addresses_stand_before_those_of_the_link() -> None:
    row = rows(near("fe80::1"), near("fd00::5", alive=False), near("10.77.0.9"))[MAC]
    assert row.addresses == ("10.77.0.9", "fd00::5", "fe80::1")


def test_a_device_has_no_more_addresses_than_are_kept() -> None:
    row = rows(*(near(f"fd00::{number:x}") for number in range(1, 40)))[MAC]
    assert len(row.addresses) == ADDRESSES


def test_a_row_that_is_only_later_is_not_new() -> None:
    before = rows(near("10.77.0.9"))
    assert rows(near("10.77.0.9"), before=before, now=NOW + 5)[MAC] is before[MAC]


def test_a_row_is_new_when_it_was_not_seen_written_for_long() -> None:
    before = rows(near("10.77.0.9"))
    later = NOW + SEEN_SECONDS
    assert rows(near("10.77.0.9"), before=before, now=later)[MAC].last_seen == later


# ── what is kept ──────────────────────────────────────────────────────────────────────────────────


def strangers(count: int, first: float = NOW, *, here: bool = True) -> dict[str, DeviceRow]:
    macs = (f"02:63:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}:00"
            for number in range(count))  # fmt: skip
    return {mac: DeviceRow(mac, "lan", "", "", "", (), first, first, here) for mac in macs}


def test_a_flood_of_strangers_is_bounded() -> None:
    assert len(kept(strangers(5_000), (), NOW)) == STRANGERS_KEPT


def test_a_flood_does_not_drive_out_who_came_before() -> None:
    early = DeviceRow(MAC, "lan", "", "", "", (), NOW - 60, NOW, here=True)
    assert MAC in kept({**strangers(5_000), MAC: early}, (), NOW)


def test_who_is_here_stays_before_who_is_gone() -> None:
    late = DeviceRow(MAC, "lan", "", "", "", (), NOW + 60, NOW + 60, here=True)
    assert MAC in kept({**strangers(5_000, here=False), MAC: late}, (), NOW)


def test_a_device_the_owner_named_stays() -> None:
    found = strangers(5_000, here=False)
    last = list(found)[-1]
    assert last not in kept(found, (), NOW)
    assert last in kept(found, (last,), NOW)


def test_a_device_that_was_here_for_a_day_stays_in_a_flood() -> None:
    old = DeviceRow(MAC, "lan", "", "", "", (), NOW - STRANGER_SECONDS, NOW, here=False)
    assert MAC in kept({**strangers(5_000), MAC: old}, (), NOW)


def test_regulars_are_bounded_too() -> None:
    old = {
        mac: replace(row, first_seen=NOW - STRANGER_SECONDS)
        for mac, row in strangers(5_000).items()
    }
    assert len(kept(old, (), NOW)) == KEPT


def test_a_stranger_is_forgotten_after_a_month() -> None:
    (mac,) = met = strangers(1, here=False)
    assert mac in kept(met, (), NOW + STRANGER_FORGOTTEN_SECONDS)
    assert mac not in kept(met, (), NOW + STRANGER_FORGOTTEN_SECONDS + 1)
    assert mac in kept(met, (mac,), NOW + STRANGER_FORGOTTEN_SECONDS + 1)


def test_a_regular_is_forgotten_after_a_year() -> None:
    met = {MAC: replace(rows(near("10.77.0.9"))[MAC], first_seen=NOW - STRANGER_SECONDS)}
    assert MAC in kept(met, (), NOW + FORGOTTEN_SECONDS)
    assert MAC not in kept(met, (), NOW + FORGOTTEN_SECONDS + 1)
