"""A decision as U-Boot's configuration, or why not."""

from dataclasses import replace
from typing import Any

import pytest

from appliance.model.fit import Fit
from appliance.model.images import Image, Literal, Part
from appliance.model.kernels import Seen
from services.netboot.choice import Page, Run, decide, image_key
from services.netboot.parameters import Told, Who
from services.netboot.script import Urls
from services.netboot.uboot.config import LONGEST
from services.netboot.uboot.labels import Boot, label, line, parts, suited
from tests.services.netboot.made import MAC, image, looked_up, table, thin_image

BASE = "http://10.77.0.1"
SECRET = f"{'0' * 36}.{'S' * 24}"
KEY = f"cache={'k' * 60}"
WHO = Who("ab" * 16, f"{BASE}/id/{SECRET}")
BOOT = Boot(Urls(BASE, MAC, "T" * 24), Told(f"{BASE}/up/{SECRET}"))
FULL = replace(BOOT, told=Told(f"{BASE}/up/{SECRET}", f"{BASE}/{KEY}", WHO))
KERNEL = Seen("linux", "aarch64-linux")
TREE = Part("dtb", "board.dtb", 3, f"{9:064x}", (Literal(b"dtb"),))
THIN = Fit(True, "It is large.")


def run(made: Image, **changes: Any) -> Run:
    made = replace(made, system="aarch64-linux")
    decision = decide(table(made), "lan", MAC, looked_up(made))
    assert isinstance(decision, Run)
    return replace(decision, with_tree=True, **changes)


def boards(made: Image) -> Image:
    return replace(made, parts=(*made.parts, TREE))


def why(decision: Run | Page) -> str:
    assert isinstance(decision, Page)
    return decision.why


def test_a_label_names_the_files_of_its_image() -> None:
    told = run(image())
    made = label(told, BOOT, "ember")
    place = f"nixie/{'T' * 24}/{image_key(told.image.id)}"
    assert (made.kernel, made.initrd, made.tree) == (f"{place}/kernel", f"{place}/initrd", "")


def test_a_host_with_a_device_tree_has_it_in_its_label() -> None:
    assert label(run(boards(image())), BOOT, "ember").tree.endswith("/dtb")


def test_a_thin_image_comes_without_its_store() -> None:
    made = label(run(boards(thin_image()), fits=THIN), BOOT, "ember")
    assert made.initrd.endswith("/ramdisk")
    assert made.tree.endswith("/dtb")
    assert f"nixie.store={BASE}/b/{'T' * 24}/{4:064x}/store.squashfs" in made.append


def test_the_command_line_is_as_for_ipxe() -> None:
    told = line(run(image()), BOOT)
    assert told == (
        "init=/nix/store/x/init loglevel=4 rootfstype=ramfs BOOTIF=01-52-54-00-00-77-01 "
        f"nixie.boot={BASE}/up/{SECRET}"
    )


def long_by(short_of_most: int, boot: Boot) -> Image:
    """An image whose whole command line is so much shorter than U-Boot's most."""
    spare = LONGEST - len(line(run(image(command_line="x=")), boot)) - short_of_most
    return image(command_line=f"x={'y' * spare}")


def test_a_line_that_just_fits_is_left_whole() -> None:
    told = line(run(long_by(0, FULL)), FULL)
    assert len(told) == LONGEST
    assert "BOOTIF=" in told


def test_the_card_goes_first_where_nothing_needs_it() -> None:
    told = line(run(long_by(-1, FULL)), FULL)
    assert "BOOTIF=" not in told
    assert "nixie.cache=" in told


def test_the_cache_goes_next() -> None:
    told = line(run(long_by(-40, FULL)), FULL)
    assert "nixie.cache=" not in told
    assert "nixie.identity=" in told


def test_the_token_of_the_boot_and_the_identity_never_go() -> None:
    with pytest.raises(ValueError, match=f"characters, and U-Boot takes {LONGEST}"):
        line(run(long_by(-200, FULL)), FULL)


def test_a_thin_image_keeps_its_card() -> None:
    told = line(run(thin_image(), fits=THIN), FULL)
    assert "BOOTIF=" in told


def test_a_thin_image_whose_line_is_too_long_comes_with_its_store_inside() -> None:
    made = thin_image(command_line=f"x={'y' * 120}")
    found = suited(run(made, fits=THIN), FULL, KERNEL)
    assert isinstance(found, Run)
    assert not found.fits.thin


def test_a_line_that_is_too_long_in_any_form_is_said() -> None:
    found = suited(run(long_by(-200, FULL)), FULL, KERNEL)
    assert "its command line has" in why(found)


def test_a_host_for_another_processor_is_said() -> None:
    other = replace(run(image()), image=image())
    assert why(suited(other, BOOT, KERNEL)) == (
        "ember is made for x86_64-linux; by U-Boot only aarch64-linux is started."
    )


def test_an_efi_program_is_said() -> None:
    made = run(replace(image(), recipe="efi"))
    assert "which has no UEFI" in why(suited(made, BOOT, KERNEL))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("gzip", "The kernel of ember is packed by gzip, and U-Boot does not start that."),
        ("efi", "The kernel of ember is an EFI program that unpacks itself"),
        ("other", "The kernel of ember is no Image for 64-bit ARM"),
    ],
)
def test_a_kernel_that_u_boot_cannot_start_is_said(form: str, said: str) -> None:
    assert why(suited(run(image()), BOOT, Seen(form, "aarch64-linux"))).startswith(said)


def test_an_image_without_an_efi_stub_starts() -> None:
    assert isinstance(suited(run(image()), BOOT, Seen("uboot", "aarch64-linux")), Run)


def test_each_file_stands_for_its_parts() -> None:
    made = boards(thin_image())
    names = {what: [one.name for one in parts(made, what)] for what in ("kernel", "initrd", "dtb")}
    assert names == {"kernel": ["bzImage"], "initrd": ["initrd"], "dtb": ["board.dtb"]}
    assert [one.name for one in parts(made, "ramdisk")] == ["ramdisk"]
