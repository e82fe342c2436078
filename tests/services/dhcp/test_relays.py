from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from services.dhcp.destination import Delivery
from services.dhcp.lan import Lan
from services.dhcp.relays import lan_for
from services.dhcp.reply import Reply
from services.dhcp.wire import decode
from tests.services.dhcp.router import LAN, LOADERS, Router, address, capture, says

HERE = Lan(LAN, LOADERS)
THERE = Lan(
    replace(
        LAN,
        name="there",
        link="br-there",
        address=IPv4Interface("10.88.0.1/24"),
        first=IPv4Address("10.88.0.10"),
        last=IPv4Address("10.88.0.20"),
    ),
    LOADERS,
)


def chosen(datagram: bytes) -> Lan | None:
    return lan_for(decode(datagram), HERE, (HERE, THERE))


def test_without_a_relay_the_link_decides() -> None:
    assert chosen(says(1)) is HERE


def test_g43_the_relays_address_decides() -> None:
    assert chosen(says(1, giaddr="10.88.0.2")) is THERE


def test_g43_the_link_selection_of_option_82_decides_before_it() -> None:
    assert chosen(says(1, giaddr="10.77.0.2", o82=b"\x05\x04\x0a\x58\x00\x00")) is THERE


def test_g43_the_subnet_selection_decides_before_it() -> None:
    assert chosen(says(1, giaddr="10.77.0.2", o118=b"\x0a\x58\x00\x00")) is THERE


def test_a_relay_of_a_network_that_is_not_ours_gets_nothing() -> None:
    assert chosen(says(1, giaddr="172.16.0.1")) is None


def test_g43_option_82_is_sent_back_last(router: Router) -> None:
    relayed = capture("g43-relayed")
    reply = router.asked(relayed)
    assert isinstance(reply, Reply)
    assert (reply.delivery, address(reply.address)) == (Delivery.TO_RELAY, "10.77.0.2")
    said = decode(reply.data)
    assert list(said.options)[-1] == 82
    assert said.options[82] == decode(relayed).options[82]
    assert (said.hops, said.giaddr) == (decode(relayed).hops, decode(relayed).giaddr)


def test_a_relay_may_name_the_server_its_clients_see(router: Router) -> None:
    circuit = b"\x0b\x04\x0a\x4d\x00\x02"
    offer = router.reply(says(1, giaddr="10.77.0.2", o82=circuit))
    assert offer.options[54] == bytes((10, 77, 0, 2))
    request = says(3, giaddr="10.77.0.2", wanted="10.77.0.100", server="10.77.0.2", o82=circuit)
    assert router.reply(request).kind == 5


def test_an_option_82_that_lies_about_its_length_is_only_sent_back(router: Router) -> None:
    assert router.reply(says(1, giaddr="10.77.0.2", o82=b"\x0b\xff")).options[82] == b"\x0b\xff"
