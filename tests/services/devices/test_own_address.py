from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

from appliance.model.slices import DnsNetwork, FixedAddress
from appliance.store.leases import LeaseRow
from services.devices.own_address import AGAIN_SECONDS, MOST, Questions, candidates, verified
from services.devices.wire import Neighbour

MAC, NAS = "52:54:00:12:34:56", "52:54:00:00:00:05"
LAN = DnsNetwork(
    "lan",
    "br-lan",
    IPv4Interface("10.77.0.1/24"),
    (FixedAddress(NAS, IPv4Address("10.77.0.5"), "nas"),),
    six=(IPv6Interface("fd12::1/64"), IPv6Interface("2001:db8::1/64")),
)
LEASE = LeaseRow("lan", IPv4Address("10.77.0.100"), MAC, "tablet", "os", 0.0, 100.0, "bound")
OWN = IPv6Address("fd12::5054:ff:fe12:3456")
PAIR = (MAC, OWN)


def neighbour(address: IPv6Address = OWN, mac: str = MAC, *, alive: bool = True) -> Neighbour:
    return Neighbour(3, mac, address, alive)


def test_a_device_with_a_lease_is_asked_in_every_prefix() -> None:
    found = candidates([replace(LAN, reservations=())], [LEASE], 50.0)
    assert found == {PAIR, (MAC, IPv6Address("2001:db8::5054:ff:fe12:3456"))}


def test_a_device_with_a_fixed_address_is_asked() -> None:
    assert {mac for mac, _ in candidates([LAN], [], 50.0)} == {NAS}


def test_a_lease_that_ended_is_none() -> None:
    assert candidates([replace(LAN, reservations=())], [LEASE], 100.0) == frozenset()


def test_a_network_without_ipv6_has_nobody_to_ask() -> None:
    assert candidates([replace(LAN, six=())], [LEASE], 50.0) == frozenset()


def test_who_answers_counts() -> None:
    assert verified(frozenset(), {PAIR}, [neighbour()]) == {PAIR}


def test_an_address_that_nobody_asked_for_is_nobodys_business() -> None:
    private = IPv6Address("fd12::1d2:3456:789a:bcde")
    assert verified(frozenset(), {PAIR}, [neighbour(private)]) == frozenset()


def test_who_only_claims_it_does_not_count() -> None:
    assert verified(frozenset(), {PAIR}, [neighbour(alive=False)]) == frozenset()


def test_somebody_elses_answer_does_not_count() -> None:
    assert verified(frozenset(), {PAIR}, [neighbour(mac=NAS)]) == frozenset()


def test_who_answered_counts_while_the_kernel_remembers() -> None:
    assert verified({PAIR}, {PAIR}, [neighbour(alive=False)]) == {PAIR}
    assert verified({PAIR}, {PAIR}, []) == frozenset()


def test_an_address_goes_with_its_prefix() -> None:
    assert verified({PAIR}, frozenset(), [neighbour()]) == frozenset()


def test_an_address_is_asked_again_after_a_while() -> None:
    questions = Questions()
    assert questions.due({PAIR}, {MAC}, 10.0) == (OWN,)
    assert questions.due({PAIR}, {MAC}, 10.0 + AGAIN_SECONDS - 1) == ()
    assert questions.due({PAIR}, {MAC}, 10.0 + AGAIN_SECONDS) == (OWN,)


def test_who_has_just_come_is_asked_once_more() -> None:
    questions = Questions()
    looks: list[tuple[float, set[str]]] = [(10.0, set()), (15.0, {MAC}), (20.0, {MAC})]
    found = [questions.due({PAIR}, here, now) for now, here in looks]
    assert found == [(OWN,), (OWN,), ()]


def test_who_comes_back_is_asked_at_once() -> None:
    questions = Questions()
    questions.due({PAIR}, {MAC}, 10.0)
    questions.due({PAIR}, set(), 20.0)
    assert questions.due({PAIR}, {MAC}, 30.0) == (OWN,)
    assert questions.due({PAIR}, {MAC}, 30.0 + AGAIN_SECONDS - 1) == ()


def test_a_crowd_is_asked_in_turn() -> None:
    crowd = {(MAC, OWN + number) for number in range(MOST + 1)}
    questions = Questions()
    first, second = questions.due(crowd, {MAC}, 0.0), questions.due(crowd, {MAC}, 1.0)
    assert (len(first), len(second)) == (MOST, 1)
    assert not set(first) & set(second)
