from ipaddress import IPv4Address

import pytest

from appliance.events import Unanswered
from services.netboot.firmware import Class, Firmware
from services.netboot.recipe import Loaders, Nothing, Recipe, recipe

US = IPv4Address("10.77.0.1")
MAC = "52:54:00:12:34:56"
LOADERS = Loaders(
    {
        "bios": ("undionly.kpxe",),
        "x64": ("snponly.efi", "ipxe.efi"),
        "ia32": ("snponly.efi",),
        "arm64": ("snponly.efi",),
    }
)


def told(kind: Class, arch: int | None = None, rung: int | None = 0) -> Recipe | Nothing:
    return recipe(Firmware(kind, arch), LOADERS, US, MAC, rung)


def file(kind: Class, arch: int | None = None, rung: int = 0) -> bytes:
    said = told(kind, arch, rung)
    assert isinstance(said, Recipe)
    return said.file


@pytest.mark.parametrize(
    ("arch", "path"),
    [
        (0, b"bios/undionly.kpxe"),
        (6, b"ia32/snponly.efi"),
        (7, b"x64/snponly.efi"),
        (9, b"x64/snponly.efi"),
        (11, b"arm64/snponly.efi"),
    ],
)
def test_pxe_firmware_gets_the_first_loader_for_its_architecture(arch: int, path: bytes) -> None:
    assert file(Class.PXE, arch) == path


@pytest.mark.parametrize("arch", [0, 6, 7, 9, 11])
def test_g13_pxe_firmware_is_told_60_and_43(arch: int) -> None:
    said = told(Class.PXE, arch)
    assert isinstance(said, Recipe)
    assert (said.vendor_class, said.vendor_options.hex()) == (b"PXEClient", "060108ff")


@pytest.mark.parametrize(
    ("arch", "url"),
    [
        (15, b"http://10.77.0.1/n/ia32/snponly.efi"),
        (16, b"http://10.77.0.1/n/x64/snponly.efi"),
        (17, b"http://10.77.0.1/n/x64/snponly.efi"),
        (19, b"http://10.77.0.1/n/arm64/snponly.efi"),
        (20, b"http://10.77.0.1/n/bios/undionly.kpxe"),
    ],
)
def test_http_firmware_gets_a_url(arch: int, url: bytes) -> None:
    assert file(Class.HTTP, arch) == url


def test_http_firmware_is_told_its_own_word_without_43() -> None:
    said = told(Class.HTTP, 16)
    assert isinstance(said, Recipe)
    assert (said.vendor_class, said.vendor_options, said.needs_dns) == (b"HTTPClient", b"", True)


def test_an_able_ipxe_gets_the_script_of_its_mac() -> None:
    assert file(Class.SCRIPT, 7) == b"http://10.77.0.1/s/52-54-00-12-34-56"


def test_g17_an_ipxe_is_never_told_60_or_43() -> None:
    for kind in (Class.SCRIPT, Class.CHAIN):
        said = told(kind, 0)
        assert isinstance(said, Recipe)
        assert (said.vendor_class, said.vendor_options) == (b"", b"")


def test_an_old_ipxe_gets_our_loader_by_tftp() -> None:
    assert file(Class.CHAIN, 0) == b"tftp://10.77.0.1/bios/undionly.kpxe"


def test_g16_only_a_pi_gets_a_menu() -> None:
    said = told(Class.RASPBERRY_PI, 0)
    assert isinstance(said, Recipe)
    assert said.vendor_options.hex() == (
        "0601030a0400505845091400001152617370626572727920506920426f6f74ff"
    )


def test_g03_an_architecture_without_an_installed_loader_gets_a_reason() -> None:
    assert told(Class.PXE, 10) == Nothing(
        "no loader for this architecture (UEFI ARM 32-bit) is installed", Unanswered.LOADER_MISSING
    )


def test_g03_an_architecture_that_nobody_has_a_loader_for_gets_another_reason() -> None:
    assert told(Class.PXE, 2) == Nothing(
        "there is no loader for this architecture (Itanium)", Unanswered.UNKNOWN_ARCH
    )


def test_g03_a_code_nobody_knows_gets_a_reason() -> None:
    assert told(Class.PXE, 99) == Nothing(
        "there is no loader for this architecture (code 99)", Unanswered.UNKNOWN_ARCH
    )


def test_g64_the_next_rung_is_the_next_loader() -> None:
    assert file(Class.PXE, 7, rung=1) == b"x64/ipxe.efi"


def test_g64_a_resting_machine_gets_no_file() -> None:
    said = told(Class.PXE, 7, rung=None)
    assert isinstance(said, Nothing)
    assert said.reason == Unanswered.LADDER_EXHAUSTED


def test_g64_a_resting_machine_whose_ipxe_speaks_gets_its_script() -> None:
    assert isinstance(told(Class.SCRIPT, 7, rung=None), Recipe)


def test_an_ordinary_client_gets_nothing() -> None:
    assert told(Class.ORDINARY) == Nothing("it did not ask to boot", Unanswered.NOT_BOOTING)


@pytest.mark.parametrize("arch", [21, 22])
def test_g101_u_boot_gets_the_script_that_it_asks_for_anyway(arch: int) -> None:
    assert told(Class.U_BOOT, arch) == Recipe(b"boot.scr.uimg")


def test_g101_u_boot_of_another_architecture_gets_nothing() -> None:
    said = told(Class.U_BOOT)
    assert isinstance(said, Nothing)
    assert said.reason is Unanswered.UNKNOWN_ARCH


def test_g101_u_boot_climbs_no_ladder_of_loaders() -> None:
    assert told(Class.U_BOOT, 22, None) == Recipe(b"boot.scr.uimg")
