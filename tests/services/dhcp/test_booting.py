"""What firmware is told: one fixture from captures/dhcp and one fact for each oddity met."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from appliance.events import (
    BootAnswered,
    BootAsked,
    BootLooping,
    BootUnanswered,
    LeaseRefused,
    Unanswered,
)
from appliance.model.slices import FixedAddress
from services.dhcp.destination import Delivery
from services.dhcp.guard import DEAF, LISTENING, probes
from services.dhcp.reply import Reply
from services.dhcp.wire import OPTIONS_AT, Message, decode, encode
from services.netboot.recipe import Loaders, Nothing
from tests.services.dhcp.router import LAN, LOADERS, MAC, Router, address, capture, says

US = bytes((10, 77, 0, 1))


def order(message: Message) -> list[int]:
    """The option codes as they stand in the datagram."""
    codes, at = [], OPTIONS_AT
    while message.raw[at] != 255:
        codes.append(message.raw[at])
        at += 2 + message.raw[at + 1]
    return codes


def request_of(discover: bytes, offer: Message, **change: int) -> bytes:
    """The REQUEST that this client sends next."""
    asked = decode(discover)
    options = dict(asked.options) | {
        53: b"\x03",
        50: offer.yiaddr.to_bytes(4, "big"),
        54: offer.options[54],
    }
    return encode(
        op=1,
        xid=change.get("xid", asked.xid),
        chaddr=asked.chaddr,
        flags=asked.flags,
        options=options.items(),
    )


def test_g03_a_32_bit_firmware_gets_a_32_bit_loader(router: Router) -> None:
    assert router.reply(capture("g03-ia32")).file == b"ia32/snponly.efi"


def test_g03_without_a_loader_for_it_firmware_gets_an_address_only() -> None:
    router = Router(loaders=Loaders({"x64": ("snponly.efi",)}))
    offer = router.reply(capture("g03-ia32"))
    assert (offer.file, offer.siaddr) == (b"", 0)
    assert not {43, 60, 66, 67} & set(offer.options)
    assert router.events[-1] == BootUnanswered(
        "lan",
        decode(capture("g03-ia32")).chaddr.hex(":"),
        "no loader for this architecture (UEFI x86 32-bit) is installed",
        Unanswered.LOADER_MISSING,
    )


def test_g03_an_unknown_architecture_gets_nothing_it_cannot_run(router: Router) -> None:
    assert router.reply(capture("g03-itanium")).file == b""
    assert "Itanium" in str(router.events[-1])
    assert unanswered(router).reason == Unanswered.UNKNOWN_ARCH


def unanswered(router: Router) -> BootUnanswered:
    """The last two events, which are of a boot that got nothing."""
    asked, why = router.events[-2:]
    assert isinstance(asked, BootAsked)
    assert isinstance(why, BootUnanswered)
    assert asked.mac == why.mac
    return why


def test_g05_a_word_of_the_owners_asks_to_boot_too() -> None:
    router = Router(replace(LAN, vendor_classes=("HW-Client",)))
    offer = router.reply(capture("g05-hw-client"))
    assert offer.file == b"bios/undionly.kpxe"  # it names no architecture
    assert (offer.options[60], offer.options[43].hex()) == (b"HW-Client", "060108ff")


def test_g05_http_boot_gets_a_url_with_an_address_in_it(router: Router) -> None:
    offer = router.reply(capture("g05-http-client"))
    assert offer.options[60] == b"HTTPClient"
    assert offer.options[67].rstrip(b"\0") == b"http://10.77.0.1/n/x64/snponly.efi"
    assert offer.options[6] == US
    assert 43 not in offer.options


def test_g08_an_ipxe_without_http_is_chained_by_tftp(router: Router) -> None:
    offer = router.reply(capture("g08-no-http"))
    assert offer.file == b"tftp://10.77.0.1/bios/undionly.kpxe"
    assert 60 not in offer.options


@pytest.mark.parametrize("name", ["g09-zero-uuid", "g09-uuid", "g09-empty", "g09-other-type"])
def test_g09_option_97_is_sent_back_as_it_came(router: Router, name: str) -> None:
    sent = decode(capture(name)).options[97]
    assert router.reply(capture(name)).options[97] == sent


def test_g10_one_boot_needs_one_address(router: Router) -> None:
    given = set()
    for name in ("g10-firmware", "g10-ipxe", "g10-initrd", "g10-system"):
        offer = router.reply(capture(name))
        given.add(address(router.reply(request_of(capture(name), offer)).yiaddr))
        router.now += 20
    assert given == {"10.77.0.100"}


def test_g10_a_boot_stage_gets_a_short_lease(router: Router) -> None:
    options = router.reply(capture("g10-firmware")).options
    assert [int.from_bytes(options[code], "big") for code in (51, 58, 59)] == [120, 60, 105]


def test_g11_the_script_names_the_card_that_asked(router: Router) -> None:
    first = decode(capture("g10-ipxe"))
    second = encode(
        op=1, xid=1, chaddr=bytes.fromhex("525400123457"), options=first.options.items()
    )
    assert router.reply(second).file == b"http://10.77.0.1/s/52-54-00-12-34-57"


def test_g11_two_cards_of_one_machine_get_two_addresses(router: Router) -> None:
    first = router.reply(capture("g09-uuid"))
    second = router.reply(capture("g11-second-card"))
    assert first.yiaddr != second.yiaddr


def test_g13_uefi_offer_carries_60_and_43(router: Router) -> None:
    options = router.reply(capture("ovmf-x64-discover")).options
    assert (options[60], options[43].hex()) == (b"PXEClient", "060108ff")


def test_g13_an_ack_carries_them_too(router: Router) -> None:
    discover = capture("ovmf-x64-discover")
    ack = router.reply(request_of(discover, router.reply(discover)))
    assert (ack.kind, ack.options[60], ack.options[43].hex()) == (5, b"PXEClient", "060108ff")
    assert ack.file == b"x64/snponly.efi"


@pytest.mark.parametrize(
    "name", ["ovmf-x64-discover", "ovmf-x64-sb-discover", "g03-ia32", "arm64-discover"]
)
def test_g14_our_offer_is_of_the_kind_that_outranks_a_foreign_proxy(
    router: Router, name: str
) -> None:
    offer = router.reply(capture(name))
    assert offer.options[60] == b"PXEClient"
    assert offer.options[43][:3] == b"\x06\x01\x08"
    assert offer.yiaddr
    assert offer.file


def test_g15_discovery_control_says_use_the_boot_file_of_this_reply(router: Router) -> None:
    control = router.reply(capture("ovmf-x64-discover")).options[43]
    assert control == b"\x06\x01\x08\xff"


@pytest.mark.parametrize("name", ["ovmf-x64-discover", "arm64-discover", "g42-no-broadcast-flag"])
def test_g16_no_menu_is_sent_to_firmware(router: Router, name: str) -> None:
    assert b"\x09" not in router.reply(capture(name)).options.get(43, b"")


def test_g17_an_ipxe_on_a_pi_gets_no_menu(router: Router) -> None:
    offer = router.reply(capture("g17-pi-ipxe"))
    assert 43 not in offer.options
    assert offer.file.startswith(b"http://10.77.0.1/s/")


def test_g17_the_boot_rom_of_a_pi_gets_its_menu(router: Router) -> None:
    offer = router.reply(capture("g17-pi"))
    assert b"Raspberry Pi Boot" in offer.options[43]
    assert offer.options[66] == b"10.77.0.1"


def test_g17_edk2_on_the_same_pi_gets_no_menu(router: Router) -> None:
    assert router.reply(capture("g17-pi-edk2")).file == b"arm64/snponly.efi"


def test_g18_the_file_stands_in_the_header_as_in_option_67(router: Router) -> None:
    offer = router.reply(capture("ovmf-x64-discover"))
    assert offer.file == offer.options[67].rstrip(b"\0") == b"x64/snponly.efi"


def test_g18_a_name_too_long_for_the_header_stands_in_option_67_only() -> None:
    router = Router(loaders=Loaders({"x64": ("x" * 130 + ".efi",)}))
    offer = router.reply(capture("ovmf-x64-discover"))
    assert offer.file == b""
    assert len(offer.options[67]) == 4 + 134 + 1


def test_g19_option_67_ends_with_nul_for_firmware(router: Router) -> None:
    assert router.reply(capture("ovmf-x64-discover")).options[67][-1:] == b"\0"


def test_g19_the_header_ends_with_nul(router: Router) -> None:
    assert router.reply(capture("ovmf-x64-discover")).raw[235] == 0


def test_g19_a_url_for_ipxe_ends_without(router: Router) -> None:
    assert router.reply(capture("g06-raw")).options[67][-1:] != b"\0"


def test_g20_many_options_never_spill_into_the_header() -> None:
    many = tuple((code, bytes(200)) for code in range(224, 234))
    offer = Router(replace(LAN, options=many)).reply(capture("ovmf-x64-discover"))
    assert 52 not in offer.options
    assert offer.file == b"x64/snponly.efi"
    assert offer.server_name == b"10.77.0.1"


def test_g21_all_three_server_fields_are_our_address(router: Router) -> None:
    offer = router.reply(capture("ovmf-x64-discover"))
    assert address(offer.siaddr) == "10.77.0.1"
    assert offer.options[54] == US
    assert offer.options[66] == b"10.77.0.1"


def test_g22_the_owners_option_150_is_sent(router: Router) -> None:
    router = Router(replace(LAN, options=((150, US),)))
    assert router.reply(capture("ovmf-x64-discover")).options[150] == US


@pytest.mark.parametrize("name", ["laptop-discover", "ovmf-x64-discover", "g29-init-reboot"])
def test_g23_a_reply_has_300_bytes_with_zeros_behind_its_end(router: Router, name: str) -> None:
    raw = router.reply(capture(name)).raw
    assert len(raw) >= 300
    message = decode(raw)
    end = OPTIONS_AT + sum(2 + len(value) for value in message.options.values())
    assert raw[end] == 255
    assert not any(raw[end + 1 :])


def test_g24_a_reply_fits_what_the_client_takes() -> None:
    many = tuple((code, bytes(100)) for code in range(224, 234))
    offer = Router(replace(LAN, options=many)).reply(capture("g24-small"))
    assert len(offer.raw) <= 576
    assert {53, 54, 51, 1, 3, 67, 60, 43, 97} <= set(offer.options)


def test_g24_a_client_that_takes_64_kilobytes_gets_one_frame(router: Router) -> None:
    many = tuple((code, bytes(250)) for code in range(224, 240))
    router = Router(replace(LAN, options=many))
    request = decode(capture("g24-huge"))
    message = encode(
        op=1, xid=1, chaddr=request.chaddr, options=(request.options | {53: b"\1"}).items()
    )
    assert 1200 < len(router.reply(message).raw) <= 1472


def test_g24_an_ordinary_client_is_not_sent_too_much_either() -> None:
    many = tuple((code, bytes(100)) for code in range(224, 234))
    assert len(Router(replace(LAN, options=many)).reply(capture("laptop-discover")).raw) <= 548


@pytest.mark.parametrize("name", ["ovmf-x64-discover", "laptop-discover", "g06-raw"])
def test_g25_type_and_server_stand_first(router: Router, name: str) -> None:
    assert order(router.reply(capture(name)))[:3] == [53, 54, 51]


def test_g25_boot_options_are_sent_unasked(router: Router) -> None:
    asked = decode(capture("ovmf-x64-discover"))
    bare = encode(op=1, xid=1, chaddr=asked.chaddr, options=(asked.options | {55: b"\x01"}).items())
    assert {43, 60, 66, 67} <= set(router.reply(bare).options)


def test_g26_a_discover_that_is_repeated_is_offered_the_same_again(router: Router) -> None:
    first = router.reply(capture("g26-first"))
    router.now += 6
    again = router.reply(capture("g26-again"))
    assert (first.yiaddr, first.file) == (again.yiaddr, again.file)


def test_g27_ipxe_is_told_not_to_wait_for_proxies(router: Router) -> None:
    assert b"\xb0\x01\x01" in router.reply(capture("g06-raw")).options[175]


def test_g27_the_chained_one_is_told_so_too(router: Router) -> None:
    assert router.reply(capture("g08-no-http")).options[175] == b"\xb0\x01\x01"


def test_g28_our_offer_has_a_positive_priority(router: Router) -> None:
    assert b"\x01\x01\x32" in router.reply(capture("g06-raw")).options[175]


@pytest.mark.parametrize("name", ["g42-no-broadcast-flag", "ovmf-x64-discover"])
def test_g42_firmware_is_answered_by_broadcast(router: Router, name: str) -> None:
    reply = router.asked(capture(name))
    assert isinstance(reply, Reply)
    assert reply.delivery is Delivery.BROADCAST
    assert decode(reply.data).flags & 0x8000


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("g06-raw", b"http://192.168.50.1/s/"),
        ("g08-no-http", b"tftp://192.168.50.1/"),
        ("g05-http-client", b"http://192.168.50.1/n/"),
    ],
)
def test_g44_urls_have_the_address_of_the_clients_own_network(name: str, url: bytes) -> None:
    other = replace(
        LAN,
        address=IPv4Interface("192.168.50.1/24"),
        first=IPv4Address("192.168.50.10"),
        last=IPv4Address("192.168.50.20"),
    )
    offer = Router(other).reply(capture(name))
    assert offer.options[67].startswith(url)
    assert address(offer.siaddr) == "192.168.50.1"
    assert offer.options[66] == b"192.168.50.1"


def test_g64_after_our_loader_the_same_card_gets_the_script(router: Router) -> None:
    assert router.reply(capture("g10-firmware")).file == b"x64/snponly.efi"
    assert router.reply(capture("g10-ipxe")).file == b"http://10.77.0.1/s/52-54-00-12-34-56"


def test_g64_our_own_build_gets_the_script(router: Router) -> None:
    assert router.reply(capture("g64-our-mark")).file.startswith(b"http://10.77.0.1/s/")


def boots_in_vain(router: Router, times: int) -> list[bytes]:
    files = []
    for n in range(times):
        discover = bytearray(capture("ovmf-x64-discover"))
        discover[4:8] = (n + 1).to_bytes(4, "big")
        offer = router.reply(bytes(discover))
        router.reply(request_of(bytes(discover), offer))
        files.append(offer.file)
        router.now += 10
    return files


def test_g64_a_loader_that_never_comes_up_is_replaced_by_the_next() -> None:
    router = Router()
    assert boots_in_vain(router, 4) == [b"x64/snponly.efi"] * 3 + [b"x64/ipxe.efi"]
    assert BootLooping("lan", MAC.hex(":"), "x64/snponly.efi") in router.events


def test_g64_after_the_last_loader_the_machine_falls_to_its_own_disk() -> None:
    router = Router()
    assert boots_in_vain(router, 7)[-1] == b""
    assert "every loader" in str(router.events[-1])
    assert unanswered(router).reason == Unanswered.LADDER_EXHAUSTED


def test_g68_the_bare_word_with_option_93_keeps_its_architecture(router: Router) -> None:
    router.reply(capture("g68-bare"))
    (asked, _) = router.events
    assert isinstance(asked, BootAsked)
    assert (asked.arch, asked.firmware) == (7, "script")


def test_an_exchange_is_two_events_with_all_that_a_timeline_needs(router: Router) -> None:
    router.reply(capture("g07-features"))
    asked, answered = router.events
    assert asked == BootAsked(
        network="lan",
        mac=decode(capture("g07-features")).chaddr.hex(":"),
        firmware="script",
        stage="discover",
        xid=decode(capture("g07-features")).xid,
        arch=7,
        vendor_class="PXEClient:Arch:00007:UNDI:003010",
        user_class="iPXE",
        features=(0x11, 0x12, 0x13, 0x14, 0x15, 0x17, 0x1B, 0x24, 0x26, 0x27, 0x29),
        version="2.0.0",
        bus_id="1af4:1000",
        address="10.77.0.100",
    )
    assert isinstance(answered, BootAnswered)
    assert (answered.stage, answered.address) == ("offer", "10.77.0.100")


# ── a boot that fails before DHCP answers ─────────────────────────────────────────────────────────

FIRMWARE = "ovmf-x64-discover"
WORRIED = Nothing("another DHCP server answers here (10.77.0.250)", Unanswered.FOREIGN_SERVER)


def test_a_boot_in_a_used_up_pool_is_told() -> None:
    router = Router(replace(LAN, last=LAN.first))
    router.lease(mac=b"\x02aaaaa")
    assert router.silence(capture(FIRMWARE)) == "the pool is used up"
    assert unanswered(router).reason == Unanswered.POOL_EMPTY


@pytest.mark.parametrize("quiet", [WORRIED, LISTENING, DEAF])
@pytest.mark.parametrize("name", [FIRMWARE, "ovmf-x64-request", "g06-raw"])
def test_a_boot_on_a_quiet_network_is_told(router: Router, quiet: Nothing, name: str) -> None:
    router.lan.quiet = quiet
    router.silence(capture(name))
    told = unanswered(router)
    assert (told.why, told.reason) == (quiet.why, quiet.reason)


def test_a_boot_that_goes_on_with_another_server_is_told(router: Router) -> None:
    router.silence(capture("ovmf-x64-request"))
    told = unanswered(router)
    assert told.reason == Unanswered.OTHER_SERVER_CHOSEN
    assert "192.0.2.1" in told.why
    assert isinstance(router.events[-2], BootAsked)
    assert (router.events[-2].stage, router.events[-2].address) == ("request", "192.0.2.50")


def test_a_boot_whose_address_is_refused_is_told(router: Router) -> None:
    assert router.reply(capture("g29-init-reboot")).kind == 6
    assert [type(one) for one in router.events] == [LeaseRefused, BootAsked, BootUnanswered]
    assert unanswered(router).reason == Unanswered.ADDRESS_REFUSED


def test_a_boot_that_asks_for_no_address_is_told(router: Router) -> None:
    router.silence(says(3, o60=b"PXEClient:Arch:00007"))
    assert unanswered(router).reason == Unanswered.NO_ADDRESS_ASKED


def test_a_boot_that_comes_back_to_another_server_is_told() -> None:
    router = Router(replace(LAN, answer_beside_others=True))
    router.silence(says(3, wanted="10.77.0.150", o60=b"PXEClient:Arch:00007"))
    assert unanswered(router).reason == Unanswered.NOT_OURS


def test_an_ordinary_client_that_is_not_answered_is_no_boot(router: Router) -> None:
    router.lan.quiet = WORRIED
    router.silence(capture("laptop-discover"))
    router.silence(says(3, wanted="10.77.0.150"))
    assert router.events == []


def test_an_address_given_back_is_no_boot(router: Router) -> None:
    router.silence(says(7, ciaddr="10.77.0.150", o60=b"PXEClient:Arch:00007"))
    assert router.events == []


def test_another_nixie_that_looks_around_is_no_boot(router: Router) -> None:
    for one in probes(MAC, 1):
        assert router.reply(one).kind == 2
    assert router.events == []


# ── what the owner says of firmware ───────────────────────────────────────────────────────────────


def with_quirk(quirk: str) -> Router:
    mac = MAC.hex(":")
    fixed = FixedAddress(mac, IPv4Address("10.77.0.7"), None, (quirk,))
    return Router(replace(LAN, reservations=(fixed,)))


def test_g13_plain_firmware_gets_neither_60_nor_43() -> None:
    offer = with_quirk("plain").reply(capture("ovmf-x64-discover"))
    assert not {43, 60} & set(offer.options)
    assert offer.file == offer.options[67].rstrip(b"\0") == b"x64/snponly.efi"


def test_g13_plain_says_nothing_about_http_boot() -> None:
    asked = decode(capture("x64-http-discover"))
    same_card = encode(op=1, xid=1, chaddr=MAC, options=asked.options.items())
    assert with_quirk("plain").reply(same_card).options[60] == b"HTTPClient"


@pytest.mark.parametrize("name", ["ovmf-x64-discover", "seabios-e1000-discover"])
def test_g42_firmware_may_be_answered_by_unicast(name: str) -> None:
    reply = with_quirk("unicast").asked(capture(name))
    assert isinstance(reply, Reply)
    assert (reply.delivery, reply.chaddr) == (Delivery.TO_HARDWARE, MAC)
    assert decode(reply.data).flags == decode(capture(name)).flags


def test_g26_the_offer_to_late_firmware_waits() -> None:
    router = with_quirk("late")
    offer = router.asked(capture("ovmf-x64-discover"))
    assert isinstance(offer, Reply)
    ack = router.asked(request_of(capture("ovmf-x64-discover"), decode(offer.data)))
    assert isinstance(ack, Reply)
    assert (offer.late, ack.late) == (True, False)


def test_g26_the_offer_to_other_firmware_does_not_wait(router: Router) -> None:
    offer = router.asked(capture("ovmf-x64-discover"))
    assert isinstance(offer, Reply)
    assert not offer.late


def test_an_ordinary_lease_is_no_event(router: Router) -> None:
    router.lease()
    assert router.events == []


def test_a_network_that_does_not_boot_treats_firmware_as_anybody() -> None:
    router = Router(replace(LAN, netboot=False))
    offer = router.reply(capture("ovmf-x64-discover"))
    assert not {43, 60, 66, 67} & set(offer.options)
    assert router.events == []


def test_an_inform_of_firmware_is_told_its_boot_file(router: Router) -> None:
    asked = decode(capture("ovmf-x64-discover"))
    inform = encode(
        op=1,
        xid=1,
        chaddr=asked.chaddr,
        ciaddr=int.from_bytes(bytes((10, 77, 0, 50)), "big"),
        options=(asked.options | {53: b"\x08"}).items(),
    )
    ack = router.reply(inform)
    assert (ack.file, ack.yiaddr) == (b"x64/snponly.efi", 0)
    assert 51 not in ack.options


def test_a_flood_of_boots_does_not_flood_the_journal() -> None:
    router = Router(loaders=LOADERS)
    for n in range(4000):
        router.asked(says(1, mac=n.to_bytes(6, "big"), o60=b"PXEClient:Arch:00000:UNDI:002001"))
    assert len(router.events) <= 2 * 2100


def test_g101_u_boot_is_told_the_server_and_its_script(router: Router) -> None:
    offer = router.reply(capture("g101-u-boot-discover"))
    assert (offer.file, offer.siaddr.to_bytes(4, "big")) == (b"boot.scr.uimg", US)
    assert offer.options[67] == b"boot.scr.uimg\0"
    assert not {43, 60, 175} & set(offer.options)


def test_g101_a_boot_by_u_boot_is_written_down(router: Router) -> None:
    router.reply(capture("g101-u-boot-discover"))
    asked, answered = router.events[-2:]
    assert isinstance(asked, BootAsked)
    assert isinstance(answered, BootAnswered)
    assert (asked.firmware, asked.arch, answered.file) == ("uboot-arm64", 22, "boot.scr.uimg")
