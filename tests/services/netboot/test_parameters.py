"""What a command line says of the router."""

from dataclasses import replace

from services.netboot.parameters import Told, Who, of_boot, of_store
from tests.services.netboot.made import MAC, image, thin_image

HOME = "http://x/up/1.2"
CARD = "BOOTIF=01-52-54-00-00-77-01"


def test_a_host_hears_through_which_card_it_booted() -> None:
    assert of_boot(image(), MAC, Told(HOME)) == [CARD, f"nixie.boot={HOME}"]


def test_who_a_machine_is_comes_last() -> None:
    who = Who("ab" * 16, "http://x/id/1.2")
    words = of_boot(image(), MAC, Told(HOME, "http://x/cache=k", who))
    assert words[2:] == [
        "nixie.cache=http://x/cache=k",
        "nixie.identity=http://x/id/1.2",
        f"systemd.machine_id={'ab' * 16}",
    ]


def test_a_host_without_our_module_hears_of_neither_cache_nor_identity() -> None:
    unwatched = replace(image(), watched=False)
    told = Told(HOME, "http://x/cache=k", Who("", "http://x/id/1.2"))
    assert of_boot(unwatched, MAC, told) == [CARD, f"nixie.boot={HOME}"]


def test_only_a_store_apart_is_told_of() -> None:
    made = thin_image()
    assert of_store(made.parts, lambda sha256, name: f"{sha256[-1]}/{name}") == []
    words = of_store(made.thin, lambda sha256, name: f"{sha256[-1]}/{name}")
    assert words == ["nixie.store=4/store.squashfs", "nixie.store-size=4"]
