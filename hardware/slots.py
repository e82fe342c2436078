"""Where a card sits: the place on its bus, by the name that udev gives it (ID_PATH).

It stays when a kernel numbers cards differently, and when another card is put there.  systemd's
.link files match the same words with `Path=`; they are made as udev's path_id makes them: of each
bus on the way to the card one part, the outermost first.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

Device = tuple[str, str]
"""A device's bus and its name there, as /sys has them: `("pci", "0000:01:00.0")`."""

PARTS: Mapping[str, Callable[[str], str]] = {
    "pci": "pci-{}".format,
    "platform": "platform-{}".format,  # what the board's description names
    "usb": lambda name: f"usb-0:{name.partition('-')[2]}",  # the bus's own number changes
}
"""Bus to its part of the words.  Any other (virtio, mdio) says nothing that its parent does not."""


def slot(devices: Iterable[Device]) -> str:
    """The words for the first of `devices`, each of which the next one holds; "" for no place.

    >>> slot([("virtio", "virtio2"), ("pci", "0000:00:03.0"), ("pci", "0000:00:01.0")])
    'pci-0000:00:03.0'
    >>> slot([("usb", "1-1.2:1.0"), ("usb", "1-1.2"), ("usb", "usb1"), ("pci", "0000:00:14.0")])
    'pci-0000:00:14.0-usb-0:1.2:1.0'
    """
    groups = groupby(devices, key=lambda device: device[0])
    nearest = [(bus, next(group)[1]) for bus, group in groups]
    return "-".join(PARTS[bus](name) for bus, name in reversed(nearest) if bus in PARTS)
