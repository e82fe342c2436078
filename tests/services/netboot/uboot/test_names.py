"""What U-Boot asks for."""

import pytest

from services.netboot.uboot.names import Config, File, Script, asked, config_name, file_name

TOKEN = "T" * 24
KEY = "g-0123456789abcdef"


def test_its_configuration_is_asked_for_by_mac() -> None:
    assert asked(config_name("52:54:00:12:34:56")) == Config("52:54:00:12:34:56")


def test_a_file_is_asked_for_by_the_name_that_it_was_given() -> None:
    assert asked(file_name(TOKEN, KEY, "initrd")) == File(TOKEN, KEY, "initrd")


def test_the_script_is_asked_for_by_a_name_of_its_own() -> None:
    assert asked("boot.scr.uimg") == Script()


def test_the_folder_of_its_boot_file_in_front_means_nothing() -> None:
    assert asked("arm64/" + config_name("52:54:00:12:34:56")) == Config("52:54:00:12:34:56")
    assert asked("a/b/" + file_name(TOKEN, KEY, "dtb")) == File(TOKEN, KEY, "dtb")


@pytest.mark.parametrize(
    "name",
    [
        "pxelinux.cfg/0A63003C",
        "pxelinux.cfg/default-arm",
        "pxelinux.cfg/default",
        "pxelinux.cfg/01-52-54-00-12-34",
        "pxelinux.cfg/01-52-54-00-12-34-56.bak",
        f"nixie/{TOKEN}/{KEY}/store",
        f"nixie/{TOKEN}/{KEY}/",
        f"nixie/short/{KEY}/kernel",
        f"nixie/{TOKEN}/g-1/kernel",
        "bios/undionly.kpxe",
    ],
)
def test_anything_else_is_nobodys_business_here(name: str) -> None:
    assert asked(name) is None


def test_a_name_fits_u_boots_buffer() -> None:
    assert len(file_name(TOKEN, KEY, "ramdisk")) < 128 // 2
