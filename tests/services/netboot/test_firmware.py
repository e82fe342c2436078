from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dhcp.wire import Message, decode
from services.netboot.architecture import ARCHITECTURES, KINDS, Transport
from services.netboot.firmware import Class, Firmware, architecture, firmware, user_class_of

CAPTURES = Path(__file__).parents[2] / "captures" / "dhcp"


def message(name: str) -> Message:
    lines = (CAPTURES / f"{name}.hex").read_text().splitlines()
    return decode(bytes.fromhex("".join(lines[1:])))


def asking(name: str) -> Firmware:
    asked = message(name)
    return firmware(asked.options, asked.chaddr)


def test_g01_of_a_list_of_architectures_the_first_known_counts() -> None:
    assert asking("g01-arch-list").arch == 7


def test_g01_without_option_93_the_text_of_option_60_counts() -> None:
    assert asking("g01-arch-in-vendor-class").arch == 7


def test_g01_firmware_without_any_architecture_is_taken_for_bios() -> None:
    found = asking("g01-no-arch")
    assert (found.arch, found.assumed, found.recipe) == (0, True, "bios")


def test_g01_an_odd_number_of_bytes_is_read_as_far_as_it_goes() -> None:
    assert architecture(b"\x00\x07\x00", b"") == 7
    assert architecture(b"\x07", b"PXEClient") is None


@pytest.mark.parametrize("name", ["ovmf-x64-discover", "g02-arch-9"])
def test_g02_codes_7_and_9_are_both_x64(name: str) -> None:
    assert asking(name).recipe == "x64"


@pytest.mark.parametrize(("name", "kind"), [("g03-ia32", Class.PXE), ("g03-ia32-http", Class.HTTP)])
def test_g03_32_bit_uefi_has_loaders_of_its_own(name: str, kind: Class) -> None:
    found = asking(name)
    assert (found.recipe, found.kind) == ("ia32", kind)


def test_g03_an_architecture_without_loaders_has_no_recipe() -> None:
    assert asking("g03-itanium").recipe is None


def test_g04_a_bios_build_of_ipxe_says_nothing_about_the_processor() -> None:
    found = asking("g04-ipxe-bios")
    assert (found.kind, found.arch, found.recipe) == (Class.SCRIPT, 0, "bios")


@pytest.mark.parametrize("name", ["g05-http-client", "x64-http-discover", "arm64-http-discover"])
def test_g05_http_client_is_a_prefix(name: str) -> None:
    assert asking(name).kind is Class.HTTP


def test_g05_another_word_does_not_ask_to_boot() -> None:
    assert asking("g05-hw-client").kind is Class.ORDINARY


def test_g05_a_word_of_the_owners_asks_to_boot_too() -> None:
    asked = message("g05-hw-client")
    found = firmware(asked.options, asked.chaddr, (b"PXEClient", b"HW-Client"))
    assert (found.kind, found.word) == (Class.PXE, b"HW-Client")


def test_g05_the_architecture_is_read_behind_a_word_of_the_owners() -> None:
    assert architecture(b"", b"HW-Client:Arch:00007:UNDI:003000") == 7


@pytest.mark.parametrize("name", ["g06-raw", "g06-prefixed"])
def test_g06_the_user_class_is_read_in_both_forms(name: str) -> None:
    assert user_class_of(message(name).options[77]) == b"iPXE"
    assert asking(name).kind is Class.SCRIPT


def test_g07_features_version_and_card_are_read_from_option_175() -> None:
    found = asking("g07-features")
    assert {0x13, 0x24, 0x27} <= found.features
    assert (found.version, found.bus_id) == ("2.0.0", "1af4:1000")


def test_g07_option_175_alone_is_an_ipxe() -> None:
    assert asking("g07-gpxe").kind is Class.CHAIN


def test_g08_an_ipxe_without_http_is_too_old_for_the_script() -> None:
    assert asking("g08-no-http").kind is Class.CHAIN


@pytest.mark.parametrize(
    "name", [*sorted(path.stem for path in CAPTURES.glob("ipxe*.hex")), "arm64-ipxe2-discover"]
)
def test_g08_every_captured_ipxe_can_fetch_the_script(name: str) -> None:
    assert asking(name).kind is Class.SCRIPT


def test_g09_a_uuid_is_known_in_both_byte_orders() -> None:
    found = asking("g09-uuid")
    assert found.uuid == "00112233-4455-6677-8899-aabbccddeeff"
    assert found.uuid_swapped == "33221100-5544-7766-8899-aabbccddeeff"


@pytest.mark.parametrize("name", ["g09-zero-uuid", "g09-sample-value", "g09-empty"])
def test_g09_a_uuid_that_many_machines_share_identifies_nobody(name: str) -> None:
    assert (asking(name).uuid, asking(name).uuid_swapped) == ("", "")


def test_g09_another_type_of_identity_is_no_uuid() -> None:
    found = asking("g09-other-type")
    assert found.uuid == ""
    assert found.uuid_raw == message("g09-other-type").options[97]


def test_g17_the_boot_rom_of_a_pi_is_known_by_its_card() -> None:
    assert asking("g17-pi").kind is Class.RASPBERRY_PI


def test_g17_an_ipxe_on_a_pi_is_an_ipxe() -> None:
    assert asking("g17-pi-ipxe").kind is Class.SCRIPT


def test_g17_edk2_on_a_pi_is_arm64_firmware() -> None:
    found = asking("g17-pi-edk2")
    assert (found.kind, found.recipe) == (Class.PXE, "arm64")


def test_g64_our_own_mark_comes_before_everything() -> None:
    assert asking("g64-our-mark").kind is Class.SCRIPT
    assert firmware({77: b"nixie"}, b"").kind is Class.SCRIPT


def test_g64_ipxe_that_repeats_an_offered_option_60_is_still_ipxe() -> None:
    found = asking("g68-bare")
    assert (found.kind, found.arch) == (Class.SCRIPT, 7)


def test_firmware_in_pxe_mode_with_an_http_code_is_given_a_url() -> None:
    assert firmware({60: b"PXEClient", 93: b"\x00\x10"}, b"").kind is Class.HTTP


@pytest.mark.parametrize("name", ["laptop-discover", "windows-discover"])
def test_an_operating_system_is_ordinary(name: str) -> None:
    assert asking(name).kind is Class.ORDINARY


@given(
    st.dictionaries(
        st.sampled_from([60, 77, 93, 94, 97, 175]),
        st.one_of(st.binary(max_size=255), st.just(b"PXEClient:Arch:"), st.just(b"HTTPClient")),
    ),
    st.binary(max_size=16),
)
def test_no_options_do_more_than_be_classified(options: dict[int, bytes], chaddr: bytes) -> None:
    found = firmware(options, chaddr)
    assert found.kind in Class
    assert all(" " <= letter < "\x7f" for letter in found.vendor_class + found.user_class)
    assert found.name


def test_every_recipe_of_the_table_has_loaders_by_name() -> None:
    assert {one.recipe for one in ARCHITECTURES.values() if one.recipe} == set(KINDS)


def test_every_http_code_follows_its_pxe_code() -> None:
    assert {one.transport for one in ARCHITECTURES.values()} == set(Transport)
    assert all(
        "HTTP" in one.name for one in ARCHITECTURES.values() if one.transport is Transport.HTTP
    )


def test_g101_u_boot_is_known_by_its_vendor_class() -> None:
    found = asking("g101-u-boot-discover")
    assert (found.kind, found.arch, found.name) == (Class.U_BOOT, 22, "uboot-arm64")
    assert not found.assumed


def test_g101_the_same_u_boot_asks_for_an_efi_program_as_firmware_with_uefi_does() -> None:
    found = asking("g101-u-boot-efi")
    assert (found.kind, found.arch, found.name) == (Class.PXE, 11, "pxe-arm64")


@pytest.mark.parametrize(
    ("vendor_class", "arch", "name"),
    [
        (b"U-Boot.armv8", b"", "uboot-arm64"),
        (b"U-Boot.armv7", b"", "uboot-arm32"),
        (b"U-Boot.riscv", b"", "uboot-archNone"),
        (b"PXEClient:Arch:00022:UNDI:003000", b"\0\x16", "uboot-arm64"),
        (b"HTTPClient:Arch:00024", b"\0\x18", "http-arm64"),
    ],
)
def test_g101_u_boot_as_its_maker_set_it(vendor_class: bytes, arch: bytes, name: str) -> None:
    options = {60: vendor_class} | ({93: arch} if arch else {})
    assert firmware(options, bytes(6)).name == name
