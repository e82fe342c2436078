"""The box as values: nothing here reads anything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nic:
    """One network interface that is a card or a cable end, not something made by software of ours.

    `mac` is the permanent address where the driver knows one; `path` the place on its bus ("" for
    virtual ones), which stays when another card is put there (`slots.py`).
    """

    name: str
    mac: str
    up: bool = False
    carrier: bool = False
    driver: str = ""
    path: str = ""

    @property
    def is_tag(self) -> bool:
        """Is it made of a tag on another interface (IEEE 802.1Q), whose MAC it has?"""
        return self.driver == "802.1Q VLAN Support"  # vlan_ethtool_get_drvinfo


@dataclass(frozen=True, slots=True)
class Board:
    """The computer's own label."""

    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """One look at the box.  `lacks` are sentences about the kernel, ready to be shown."""

    board: Board
    nics: tuple[Nic, ...]
    memory_bytes: int
    cores: int
    lacks: tuple[str, ...] = ()
