"""What a host's command line says of this router, beside what the host says itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from appliance.model.images import Image, Part
from appliance.model.names import mac_hyphens

MACHINE_ID = "systemd.machine_id="


@dataclass(frozen=True, slots=True)
class Who:
    """Who a machine is: what systemd calls it, and the URL where it asks for its identity."""

    machine_id: str = ""  # "" leaves it to the host
    identity: str = ""  # "" where none is kept


NOBODY = Who()


@dataclass(frozen=True, slots=True)
class Told:
    """What one boot is told: where to phone home, and the binary cache's `URL=KEY`, "" without."""

    phone_home: str
    cache: str = ""
    who: Who = NOBODY


def of_boot(image: Image, mac: str, told: Told) -> list[str]:
    """The words for a Linux host, the card that it boots through first."""
    words = [f"BOOTIF=01-{mac_hyphens(mac)}", f"nixie.boot={told.phone_home}"]
    if told.cache and image.watched:
        words.append(f"nixie.cache={told.cache}")
    if told.who.identity and image.watched:
        words.append(f"nixie.identity={told.who.identity}")
    if told.who.machine_id and MACHINE_ID not in image.command_line:
        words.append(f"{MACHINE_ID}{told.who.machine_id}")
    return words


def of_store(parts: Iterable[Part], url: Callable[[str, str], str]) -> list[str]:
    """Where the first stage fetches the store; `url` makes the address of a part."""
    stores = [part for part in parts if part.purpose == "store"]
    return [
        word
        for store in stores
        for word in (
            f"nixie.store={url(store.sha256, store.name)}",
            f"nixie.store-size={store.size}",
        )
    ]
