"""A network that is asked by invented devices: who gets what meanwhile, and afterwards."""

from dataclasses import replace

from appliance.events import PoolFlooded
from services.dhcp.pool import QUARANTINE_SECONDS, RESTING_SHARE
from services.dhcp.reply import Silence
from services.dhcp.strangers import FEWEST, FIRST_LEASE_SECONDS, WINDOW_SECONDS
from services.dhcp.wire import decode
from tests.services.dhcp.router import LAN, MAC, Router, address, says, with_reservation

DISCOVER, REQUEST, DECLINE = 1, 3, 4
US = "10.77.0.1"
WHY = "more unknown devices ask than there are addresses"
A_MINUTE, SECONDS = 5000, 60


def invented(number: int) -> bytes:
    return b"\x06" + number.to_bytes(5, "big")


def flooded(router: Router, *, whole: bool) -> None:
    """5,000 invented MACs within a minute; `whole`: each takes what it is offered."""
    for number in range(A_MINUTE):
        router.now += SECONDS / A_MINUTE
        mac = invented(number)
        reply = router.asked(says(DISCOVER, mac=mac))
        if whole and not isinstance(reply, Silence):
            wanted = address(decode(reply.data).yiaddr)
            router.asked(says(REQUEST, mac=mac, wanted=wanted, server=US))


def lease_seconds(router: Router, mac: bytes) -> int:
    """What a client that goes through DISCOVER and REQUEST is told."""
    offer = router.reply(says(DISCOVER, mac=mac))
    wanted = address(offer.yiaddr)
    ack = router.reply(says(REQUEST, mac=mac, wanted=wanted, server=US))
    assert offer.options[51] == ack.options[51]
    return int.from_bytes(ack.options[51], "big")


def test_who_has_an_address_renews_it_in_a_flood() -> None:
    router = Router()
    mine = router.lease()
    flooded(router, whole=True)
    ack = router.reply(says(REQUEST, ciaddr=mine))
    assert (ack.kind, address(ack.yiaddr)) == (5, mine)


def test_who_had_an_address_gets_it_back_in_a_flood() -> None:
    router = Router()
    mine = router.lease()
    router.now += LAN.lease_seconds / 2
    router.reply(says(REQUEST, ciaddr=mine))  # it is no passer-by
    router.now += LAN.lease_seconds + 1
    flooded(router, whole=True)
    assert router.lease() == mine


def test_a_reserved_machine_boots_in_a_flood() -> None:
    router = Router(with_reservation(MAC, "10.77.0.150"))
    flooded(router, whole=True)
    boots = b"PXEClient:Arch:00000:UNDI:002001"
    offer = router.reply(says(DISCOVER, o60=boots))
    assert (address(offer.yiaddr), offer.file) == ("10.77.0.150", b"bios/undionly.kpxe")
    ack = router.reply(says(REQUEST, wanted="10.77.0.150", server=US, o60=boots))
    assert ack.kind == 5


def test_a_new_device_waits_for_the_end_of_a_flood() -> None:
    router = Router()
    flooded(router, whole=True)
    assert router.silence(says(DISCOVER)) == WHY
    assert router.silence(says(REQUEST, wanted="10.77.0.120", server=US)) == WHY


def test_a_flood_of_offers_leaves_the_pool_at_once() -> None:
    router = Router()
    flooded(router, whole=False)
    router.now += WINDOW_SECONDS
    assert router.lease().startswith("10.77.0.")


def test_a_flood_of_leases_leaves_most_of_the_pool_within_minutes() -> None:
    router = Router(replace(LAN, lease_seconds=43_200))
    flooded(router, whole=True)
    router.now += FIRST_LEASE_SECONDS
    assert all(router.lease(mac=b"\x02" + invented(n)[1:]) for n in range(80))


def test_a_flood_is_told_once() -> None:
    router = Router()
    flooded(router, whole=True)
    told = [event for event in router.events if isinstance(event, PoolFlooded)]
    assert told == [PoolFlooded("lan", FEWEST)]


def test_in_a_quiet_network_the_first_lease_is_a_whole_one() -> None:
    assert lease_seconds(Router(), MAC) == LAN.lease_seconds


def test_in_a_crowd_the_first_lease_is_short() -> None:
    router = Router()
    for number in range(13):
        router.lease(mac=invented(number))
    assert lease_seconds(router, MAC) == FIRST_LEASE_SECONDS


def test_who_renews_a_short_lease_gets_a_whole_one() -> None:
    router = Router()
    for number in range(13):
        router.lease(mac=invented(number))
    mine = router.lease()
    router.now += FIRST_LEASE_SECONDS / 2
    ack = router.reply(says(REQUEST, ciaddr=mine))
    assert int.from_bytes(ack.options[51], "big") == LAN.lease_seconds


def test_where_half_of_the_pool_is_in_use_the_first_lease_is_short() -> None:
    router = Router()
    for number in range(51):
        router.now += 30
        router.lease(mac=invented(number))
    assert lease_seconds(router, MAC) == FIRST_LEASE_SECONDS


def test_who_declines_whatever_it_is_given_does_not_empty_the_pool() -> None:
    router = Router()
    for number in range(150):
        router.now += 10
        mine = router.lease(mac=invented(number))
        router.asked(says(DECLINE, mac=invented(number), wanted=mine, server=US))
    resting = sum(one.ends_at > router.now for one in router.lan.pool.leases.values())
    assert resting <= router.lan.pool.size // RESTING_SHARE
    assert router.lease().startswith("10.77.0.")


def test_what_rested_long_enough_leaves_room_for_others_to_rest() -> None:
    router = Router()
    for round_ in range(3):
        for number in range(25):
            router.now += 10
            mac = invented(100 * round_ + number)
            mine = router.lease(mac=mac)
            router.asked(says(DECLINE, mac=mac, wanted=mine, server=US))
            lease = router.lan.pool.leases[int.from_bytes(bytes(map(int, mine.split("."))), "big")]
            assert lease.ends_at == router.now + QUARANTINE_SECONDS
        router.now += QUARANTINE_SECONDS + 1
        router.lease(mac=invented(1000 + round_))
