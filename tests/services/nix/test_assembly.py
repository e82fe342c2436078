"""From files to parts."""

from dataclasses import replace

import pytest

from appliance.errors import Refused
from appliance.model.images import Literal, StoreFile
from services.nix.assembly import Layout, layouts, thin_layouts, wanted_files, weight
from services.nix.recipe import Recipe

OUT = "/nix/store/zrdwlhkzi2zdl0fmxa1b1n6kjnkn39xg-"


def made(**outs: str) -> Recipe:
    outs = outs or {
        "kernel": OUT + "linux",
        "initialRamdisk": OUT + "initrd",
        "squashfsStore": OUT + "sq",
    }
    return Recipe("x86_64-linux", "bzImage", "initrd", (), OUT + "system", outs, outs)


def parts(ramdisk: int = 10, squashfs: int = 7, kernel: int = 3) -> tuple[Layout, ...]:
    files = {
        "kernel": StoreFile("/k", kernel),
        "initialRamdisk": StoreFile("/i", ramdisk),
        "squashfsStore": StoreFile("/s", squashfs),
    }
    return layouts(made(), files)


def test_the_files_are_below_their_outputs() -> None:
    assert wanted_files(made()) == {
        "kernel": OUT + "linux/bzImage",
        "initialRamdisk": OUT + "initrd/initrd",
        "squashfsStore": OUT + "sq",
    }


@pytest.mark.parametrize("ramdisk", range(8, 12))
def test_the_archive_begins_at_a_multiple_of_four(ramdisk: int) -> None:
    first, header, _, _ = parts(ramdisk=ramdisk)[1].segments
    assert isinstance(header, Literal)
    assert (first.size + header.content.index(b"070701")) % 4 == 0


@pytest.mark.parametrize("squashfs", range(4, 8))
def test_the_trailer_begins_at_a_multiple_of_four(squashfs: int) -> None:
    first, header, store, trailer = parts(squashfs=squashfs)[1].segments
    assert isinstance(trailer, Literal)
    before = first.size + header.size + store.size
    assert (before + trailer.content.index(b"070701")) % 4 == 0


def test_no_data_is_copied() -> None:
    literal = [one for one in parts()[1].segments if isinstance(one, Literal)]
    assert sum(one.size for one in literal) < 400


def test_a_ramdisk_with_the_store_inside_is_served_as_it_is() -> None:
    whole = made(kernel=OUT + "linux", netbootRamdisk=OUT + "ramdisk")
    files = {"kernel": StoreFile("/k", 1), "netbootRamdisk": StoreFile("/r", 9)}
    assert layouts(whole, files)[1].segments == (StoreFile("/r", 9),)


def test_a_store_over_four_gibibytes_is_refused_with_the_way_out() -> None:
    with pytest.raises(Refused, match="Make the host smaller"):
        parts(squashfs=1 << 32)


def test_a_part_over_four_gibibytes_is_refused_with_the_way_out() -> None:
    with pytest.raises(Refused, match="less than 4 GiB"):
        parts(ramdisk=1 << 31, squashfs=1 << 31)


def test_a_heavy_image_is_a_finding() -> None:
    assert weight(parts()) == ()
    assert "memory" in weight(parts(squashfs=2 << 30))[0].what


FILES = {
    "kernel": StoreFile("/k", 3),
    "initialRamdisk": StoreFile("/i", 10),
    "squashfsStore": StoreFile("/s", 7),
}


def test_a_thin_image_is_the_same_files_apart() -> None:
    thin = thin_layouts(replace(made(), thin=True), FILES)
    assert [(one.purpose, one.name, one.segments) for one in thin] == [
        ("kernel", "bzImage", (FILES["kernel"],)),
        ("initrd", "ramdisk", (FILES["initialRamdisk"],)),
        ("store", "store.squashfs", (FILES["squashfsStore"],)),
    ]


@pytest.mark.parametrize(("ramdisk", "squashfs"), [(10, 1 << 32), (1 << 31, 1 << 31)])
def test_a_store_that_no_ramdisk_takes_is_served_apart_only(ramdisk: int, squashfs: int) -> None:
    files = {
        **FILES,
        "initialRamdisk": StoreFile("/i", ramdisk),
        "squashfsStore": StoreFile("/s", squashfs),
    }
    fetching = replace(made(), thin=True)
    assert layouts(fetching, files) == thin_layouts(fetching, files)


def test_a_store_that_a_ramdisk_takes_is_served_in_both_forms() -> None:
    largest = {**FILES, "squashfsStore": StoreFile("/s", (1 << 32) - 4096)}
    fetching = replace(made(), thin=True)
    assert [one.purpose for one in layouts(fetching, largest)] == ["kernel", "initrd"]


def test_a_ramdisk_of_four_gibibytes_is_refused_without_its_store_too() -> None:
    with pytest.raises(Refused, match=r"The initrd has 4\.0 GiB"):
        layouts(replace(made(), thin=True), {**FILES, "initialRamdisk": StoreFile("/i", 1 << 32)})


def test_a_heavy_image_that_is_always_fetched_is_a_finding_of_its_own() -> None:
    heavy = {**FILES, "squashfsStore": StoreFile("/s", 5 << 30)}
    (found,) = weight(layouts(replace(made(), thin=True), heavy))
    assert found.what == (
        "The image has 5.0 GiB. No ramdisk takes its store, so each machine fetches it, and needs "
        "a tenth more than that as memory."
    )


def test_a_host_whose_first_stage_cannot_fetch_has_one_form() -> None:
    assert thin_layouts(made(), FILES) == ()


def test_a_host_with_its_store_inside_its_ramdisk_has_one_form() -> None:
    files = {"kernel": FILES["kernel"], "netbootRamdisk": StoreFile("/r", 9)}
    assert thin_layouts(replace(made(), thin=True), files) == ()


def with_tree(size: int) -> tuple[Layout, ...]:
    outs = {"kernel": OUT + "linux", "netbootRamdisk": OUT + "initrd", "dtb": OUT + "trees"}
    board = replace(made(**outs), dtb_file="rockchip/board.dtb")
    assert wanted_files(board)["dtb"] == OUT + "trees/rockchip/board.dtb"
    sizes = {"kernel": 3, "netbootRamdisk": 10, "dtb": size}
    return layouts(board, {part: StoreFile(f"/{part}", size) for part, size in sizes.items()})


def test_a_device_tree_is_a_part_under_its_own_name() -> None:
    assert with_tree(7)[-1] == Layout("dtb", "board.dtb", (StoreFile("/dtb", 7),))


def test_a_device_tree_that_no_board_has_room_for_is_refused() -> None:
    with pytest.raises(Refused, match="boards have room for a device tree of 2 MiB"):
        with_tree(3 << 20)
