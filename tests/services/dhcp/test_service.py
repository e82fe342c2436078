import pytest

from appliance.events import BootAsked, BootUnanswered, Unanswered
from services.dhcp.destination import Delivery
from services.dhcp.guard import LISTENING
from services.dhcp.reply import Reply, Silence
from services.dhcp.service import answer_4011
from services.dhcp.wire import Message, decode, encode
from tests.services.dhcp.router import Router, address, capture


def reply(router: Router, datagram: bytes) -> Message:
    said = answer_4011(decode(datagram), router.lan, router.now)
    assert isinstance(said, Reply), said.why
    assert said.delivery is Delivery.TO_SENDER
    return decode(said.data)


def silence(router: Router, datagram: bytes) -> str:
    said = answer_4011(decode(datagram), router.lan, router.now)
    assert isinstance(said, Silence)
    return said.why


def as_kind(datagram: bytes, kind: int, **more: bytes) -> bytes:
    asked = decode(datagram)
    options = asked.options | {53: bytes((kind,))}
    options |= {int(name[1:]): value for name, value in more.items()}
    return encode(
        op=1, xid=asked.xid, chaddr=asked.chaddr, ciaddr=asked.ciaddr, options=options.items()
    )


def test_g32_the_answer_has_the_boot_fields_without_an_address(router: Router) -> None:
    ack = reply(router, capture("ovmf-x64-4011"))
    assert (ack.kind, ack.yiaddr, address(ack.ciaddr)) == (5, 0, "192.0.2.50")
    assert (address(ack.siaddr), ack.server_name) == ("10.77.0.1", b"10.77.0.1")
    assert ack.file == ack.options[67].rstrip(b"\0") == b"x64/snponly.efi"
    assert ack.options[54] == bytes((10, 77, 0, 1))
    assert ack.options[60] == b"PXEClient"
    assert ack.options[97] == decode(capture("ovmf-x64-4011")).options[97]


def test_g34_the_answer_has_nothing_of_a_lease(router: Router) -> None:
    ack = reply(router, capture("ovmf-x64-4011"))
    assert not {1, 3, 6, 15, 51, 58, 59} & set(ack.options)


def test_g31_bios_is_answered_too(router: Router) -> None:
    bios = as_kind(capture("ovmf-x64-4011"), 3, o93=b"\0\0", o60=b"PXEClient:Arch:00000")
    assert reply(router, bios).file == b"bios/undionly.kpxe"


@pytest.mark.parametrize("kind", [1, 3, 8])
def test_g32_odd_kinds_of_message_are_answered_too(router: Router, kind: int) -> None:
    assert reply(router, as_kind(capture("ovmf-x64-4011"), kind)).kind == 5


def test_g33_the_boot_item_is_sent_back(router: Router) -> None:
    ack = reply(router, capture("g33-boot-item"))
    assert ack.options[43].hex() == "470400000000ff"


def test_g33_with_a_boot_item_the_address_moves(router: Router) -> None:
    ack = reply(router, capture("g33-boot-item"))
    assert (address(ack.yiaddr), ack.ciaddr) == ("192.0.2.50", 0)


def test_g33_signed_images_are_refused(router: Router) -> None:
    assert "BIS" in silence(router, capture("g33-signed"))


def test_g33_a_boot_that_wants_signed_images_is_told(router: Router) -> None:
    said = answer_4011(decode(capture("g33-signed")), router.lan, router.now)
    assert [type(one) for one in said.events] == [BootAsked, BootUnanswered]
    assert isinstance(said.events[1], BootUnanswered)
    assert said.events[1].reason == Unanswered.SIGNED_IMAGES


def test_g32_ipxe_asks_from_port_68_for_its_script(router: Router) -> None:
    ack = reply(router, capture("g32-ipxe-4011"))
    assert ack.file == b"http://10.77.0.1/s/52-54-00-12-34-56"
    assert (ack.yiaddr, address(ack.ciaddr)) == (0, "192.0.2.50")


def test_an_ordinary_client_is_not_answered(router: Router) -> None:
    assert silence(router, capture("laptop-discover")) == "port 4011 is for firmware"


def test_a_release_is_not_answered(router: Router) -> None:
    assert silence(router, as_kind(capture("ovmf-x64-4011"), 7))


def test_a_boot_on_a_quiet_network_is_told(router: Router) -> None:
    router.lan.quiet = LISTENING
    said = answer_4011(decode(capture("ovmf-x64-4011")), router.lan, router.now)
    assert isinstance(said, Silence)
    assert [type(one) for one in said.events] == [BootAsked, BootUnanswered]
    assert isinstance(said.events[1], BootUnanswered)
    assert said.events[1].reason == Unanswered.LISTENING


def test_an_architecture_without_a_loader_is_not_answered(router: Router) -> None:
    assert "no loader" in silence(router, capture("g03-itanium"))
