"""The table of firmware, memory and card; figures of the walls and needs were measured."""

from dataclasses import replace
from itertools import count

import pytest

from appliance.model.fit import GIGABYTE, MEGABYTE, Fit, Known, Sizes, decided, fit, known
from tests.services.netboot.made import image, thin_image

CARD = ("r8169",)
LINE = 'boot.initrd.availableKernelModules = [ "r8169" ];'
UNITS = "boot.initrd.systemd.enable = true;"


def sizes(megabytes: int, *modules: str, thin: bool = True) -> Sizes:
    size = megabytes * MEGABYTE
    return Sizes(size, size if thin else None, frozenset(modules))


KERNEL_AND_RAMDISK = 15  # MiB, of the hosts that were measured


def missing(found: Fit) -> list[str | None]:
    return [one.missing for one in found.findings]


@pytest.mark.parametrize(
    ("image_size", "machine", "thin"),
    [
        (300, Known("pcbios", 2048, CARD), False),
        (300, Known("pcbios", 768, CARD), True),
        (300, Known("efi", 2048, CARD), False),
        (300, Known("efi", 1024, CARD), True),
        (1500, Known("efi", 65536, CARD), True),  # more than 1 GiB, however large the machine
        (1500, Known("efi", None, CARD), True),
        (2500, Known("pcbios", 65536, CARD), True),
        (300, Known(), False),  # nothing is known: nothing is held against it
        (1500, Known(), True),
        (300, Known("pcbios", 768, ()), True),  # the card is not known
    ],
)
def test_which_form_a_machine_is_given(image_size: int, machine: Known, thin: bool) -> None:
    found = decided(sizes(image_size, "r8169"), machine)
    assert (found.thin, found.findings) == (thin, ())


MEASURED = (
    ("pcbios", True, 350, 800),
    ("efi", True, 350, 1152),
    ("pcbios", False, 350, 1136),
    ("efi", False, 350, 1536),
)
"""Platform, whether its kernel unpacks into all of the memory, MiB of the store inside, and the
least megabytes with which QEMU's firmware and Linux 6.1 booted it, in steps of 16."""
LEAST_FETCHED = (("pcbios", 350, 464), ("efi", 350, 464))
"""The same for a store that the first stage fetches."""


@pytest.mark.parametrize(("platform", "roomy", "store", "least"), MEASURED)
def test_a_machine_that_is_given_the_store_inside_boots_with_it(
    platform: str, roomy: bool, store: int, least: int
) -> None:
    inside = (store + KERNEL_AND_RAMDISK) * MEGABYTE
    made = Sizes(inside, None, roomy=roomy)
    from_here = next(one for one in count(64) if not decided(made, Known(platform, one)).findings)
    assert least <= from_here <= least * 1.2
    (doubt,) = decided(made, Known(platform, from_here - 1)).findings
    assert doubt.what == (
        f"The image needs about {from_here} MB of memory with its store inside the ramdisk, and "
        f"the machine has {from_here - 1} MB."
    )


@pytest.mark.parametrize(("platform", "store", "least"), LEAST_FETCHED)
def test_a_machine_that_fetches_the_store_without_a_doubt_boots_with_it(
    platform: str, store: int, least: int
) -> None:
    size = (store + KERNEL_AND_RAMDISK) * MEGABYTE
    made = Sizes(None, size, frozenset(CARD))
    from_here = next(
        one for one in count(64) if not decided(made, Known(platform, one, CARD)).findings
    )
    assert least <= from_here <= least * 1.2
    (doubt,) = decided(made, Known(platform, from_here - 1, CARD)).findings
    assert doubt.what == (
        f"The image needs about {from_here} MB of memory even fetched by its first stage, and the "
        f"machine has {from_here - 1} MB."
    )


def test_a_store_that_no_ramdisk_takes_is_fetched_by_whatever_machine() -> None:
    made = Sizes(None, 5 * GIGABYTE, frozenset(CARD))
    found = decided(made, Known("efi", 65536, CARD))
    assert (found.thin, found.findings) == (True, ())
    assert "No ramdisk takes a store of this size." in found.why


def test_a_card_without_driver_is_a_doubt_where_there_is_no_other_form() -> None:
    found = decided(Sizes(None, 5 * GIGABYTE), Known("efi", 65536, CARD, "10ec:8168"))
    assert found.thin
    assert missing(found) == [LINE]


def test_an_image_whose_only_form_is_thin_has_no_thick_size() -> None:
    made = thin_image()
    assert Sizes.of(replace(made, parts=made.thin)).thick is None
    assert Sizes.of(made).thick == made.size


@pytest.mark.parametrize(
    ("line", "toplevel", "roomy"),
    [
        ("quiet", "/nix/store/system", True),
        ("quiet rootfstype=tmpfs", "/nix/store/system", False),
        ("quiet rootfstype=tmpfs root=fstab", "/nix/store/system", True),
        ("quiet", "", False),
        ("root=/dev/sda1", "", True),
    ],
)
def test_where_a_kernel_unpacks_an_image(line: str, toplevel: str, roomy: bool) -> None:
    made = replace(image(), command_line=line, toplevel=toplevel)
    assert Sizes.of(made).roomy == roomy


def test_a_card_without_driver_gets_the_thick_form_and_the_line_to_add() -> None:
    found = decided(sizes(300, "e1000e"), Known("efi", 1024, CARD, "10ec:8168"))
    assert not found.thin
    assert missing(found) == [LINE, None]
    assert "10ec:8168" in found.findings[0].what


def test_the_driver_does_not_matter_to_an_image_that_fits() -> None:
    assert decided(sizes(300), Known("efi", 8192, CARD)).findings == ()


@pytest.mark.parametrize("modules", [("8139cp",), ("8139too",), ("8139-cp", "8139cp")])
def test_any_of_a_cards_drivers_will_do(modules: tuple[str, ...]) -> None:
    assert decided(sizes(1500, *modules), Known("efi", 8192, ("8139cp", "8139too"))).thin


def test_a_module_with_a_hyphen_is_the_one_with_an_underscore() -> None:
    made = replace(thin_image(), initrd_modules=("virtio-net",))
    found = fit(made, Known("pcbios", 1, ("virtio_net",)))
    assert found.thin


@pytest.mark.parametrize(
    ("platform", "memory", "image_size", "doubtful"),
    [
        ("pcbios", 16384, 2047, False),
        ("pcbios", 16384, 2048, True),
        ("efi", 5120, 1023, False),
        ("efi", 5120, 1024, True),
        ("efi", 16384, 1500, False),
        ("efi", 16384, 2048, True),
        ("efi", None, 1024, True),
        ("", 65536, 3000, False),
        ("", 65536, 4096, True),
    ],
)
def test_the_walls_of_firmware(
    platform: str, memory: int | None, image_size: int, doubtful: bool
) -> None:
    found = decided(sizes(image_size, thin=False), Known(platform, memory))
    assert not found.thin
    assert missing(found) == ([UNITS] if doubtful else [])


def test_a_machine_too_small_for_the_thin_form_is_told_so() -> None:
    (doubt,) = decided(sizes(1500, "r8169"), Known("efi", 1024, CARD)).findings
    assert doubt.what == (
        "The image needs about 1800 MB of memory even fetched by its first stage, and the machine "
        "has 1024 MB."
    )


def test_an_image_served_as_built_is_given_no_line_that_would_not_help() -> None:
    as_built = replace(image(), provenance=replace(image().provenance, adapted="as built"))
    (doubt,) = fit(as_built, Known("pcbios", 1)).findings
    assert doubt.missing is None


def test_a_boots_facts_are_what_is_known() -> None:
    facts = {"plat": "efi", "memory": 4096, "drivers": ["igc"], "bus_id": "8086:15f3"}
    assert known(facts) == Known("efi", 4096, ("igc",), "8086:15f3")


def test_facts_of_another_shape_are_not_known() -> None:
    assert known({"memory": "much", "drivers": "igc"}) == Known()


def test_only_an_image_over_one_gibibyte_is_thin_without_need() -> None:
    roomy = Known("efi", 65536, CARD)
    assert not decided(Sizes(GIGABYTE, GIGABYTE, frozenset(CARD)), roomy).thin
    assert decided(Sizes(GIGABYTE + 1, GIGABYTE, frozenset(CARD)), roomy).thin
