"""What a build needs and what there is."""

import pytest

from services.nix.shortage import Forecast, disk, forecast, memory, needed

MEBIBYTE, GIBIBYTE = 1 << 20, 1 << 30
BOTH = """these 2 derivations will be built:
  /nix/store/5cxd2hi465zanwpgh5xbsckih9m6i3b3-initrd-slow.drv
  /nix/store/vliswnb87vk3k6dd7lyrh4x7qjb4z4nb-squashfs-slow.drv
these 3 paths will be fetched (411.09 MiB download, 2048.50 MiB unpacked):
  /nix/store/ah6qsf30hbg9jpdmyq2mdscs4p0qhig2-linux-6.12
"""
"""As Nix 2.8 and 2.26 print it."""


def test_what_will_be_fetched_is_counted_unpacked() -> None:
    assert forecast(BOTH) == Forecast(
        fetched=2048 * MEBIBYTE + MEBIBYTE // 2,
        builds=True,
        download=int(411.09 * MEBIBYTE),
        derivations=2,
    )


@pytest.mark.parametrize(
    ("printed", "size"),
    [
        ("this path will be fetched (0.10 MiB download, 1.00 MiB unpacked):", MEBIBYTE),
        ("these 9 paths will be fetched (1.2 GiB download, 4.5 GiB unpacked):", 9 * GIBIBYTE // 2),
        ("this path will be fetched (90.0 KiB download, 512.0 KiB unpacked):", MEBIBYTE // 2),
    ],
)
def test_every_unit_is_known(printed: str, size: int) -> None:
    told = forecast(printed)
    assert (told.fetched, told.builds) == (size, False)


@pytest.mark.parametrize("printed", ["", "warning: unable to download 'http://x/nix-cache-info'"])
def test_when_everything_is_there_nothing_is_needed(printed: str) -> None:
    assert needed(forecast(printed), 3 * GIBIBYTE) == 0


def test_an_image_is_thought_to_be_like_the_last_one() -> None:
    assert needed(Forecast(GIBIBYTE, builds=True), 2 * GIBIBYTE) == 3 * GIBIBYTE


def test_a_disk_that_is_too_small_is_told_with_figures() -> None:
    assert disk(Forecast(4 * GIBIBYTE, builds=True), GIBIBYTE, 3 * GIBIBYTE) == (
        "It needs about 5.0 GiB on the disk of the store (4.0 GiB to fetch and 1.0 GiB for an "
        "image like the last one), and 3.0 GiB are free. Make room on it or give it more, then "
        "build again."
    )


def test_only_what_is_needed_is_told() -> None:
    assert "(4.0 GiB to fetch)" in disk(Forecast(4 * GIBIBYTE, builds=True), 0, GIBIBYTE)
    assert "(1.0 GiB for an image" in disk(Forecast(0, builds=True), GIBIBYTE, 0)


def test_a_build_that_ran_out_of_memory_says_how_much_there_was() -> None:
    assert memory("linux-6.12", 6 * GIBIBYTE).startswith(
        "linux-6.12 needed more memory than the 6.0 GiB that all builds together may take here"
    )


def test_without_a_limit_there_was_no_more() -> None:
    assert memory("linux-6.12", None).startswith("linux-6.12 needed more memory than there is")
