"""What a machine gets now: the inventory's table and its images, boiled down to one decision.

Pure.  A decision is one of a few values; `script`, `menu` and `serve` each handle all of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from appliance.model.images import Image
from appliance.model.table import Generation, Host, Machine, Menu, Table

Images = Callable[[str], Image | None]
"""Image id to the published image, None when it is not there (any more)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Boot this image."""

    host: Host
    generation: Generation
    image: Image


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu; `key` goes into the URL when it is picked."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Show:
    """Show this menu; `default` is the key of an entry."""

    menu: Menu
    entries: tuple[Entry, ...]
    earlier: tuple[Entry, ...]
    default: str
    waiting: tuple[str, ...]  # sentences about hosts that have nothing to boot yet


@dataclass(frozen=True, slots=True)
class Hold:
    """Poll until the owner assigns something."""


@dataclass(frozen=True, slots=True)
class Local:
    """Start from the machine's own disk."""


@dataclass(frozen=True, slots=True)
class Deny:
    """The owner said no."""


@dataclass(frozen=True, slots=True)
class Shell:
    """iPXE's own command line."""


@dataclass(frozen=True, slots=True)
class Page:
    """Nothing to boot: say why, ask again after `seconds`."""

    why: str
    way_out: str
    seconds: int = 15
    reason: str = "nothing"  # for the record: "nothing", or a name of REASONS


Decision = Run | Show | Hold | Local | Deny | Shell | Page

ALWAYS: Mapping[str, Decision] = {"local": Local(), "shell": Shell()}
"""Menu entries that need no image."""

BARE: Mapping[str, Decision] = {"hold": Hold(), "local": Local(), "deny": Deny()}
"""Intents that say everything."""

REASONS = ("waiting", "build-failed", "pruned", "wrong-system")
"""Why there is only a page, where the record's diagnosis depends on it."""

STILL_COMING = frozenset({"queued", "running", "looking", "unbuilt", ""})
"""What a host may lack (table.LACKS) that comes by itself; "" is a table of an earlier version."""

IMAGE_KEY = "g-"
KEY_DIGITS = 16


def decide(table: Table, network: str, mac: str, images: Images) -> Decision:
    """What the machine behind (network, MAC) gets at this moment."""
    machine = table.machine(network, mac)
    if machine is None:
        default = table.default(network)
        if default.kind == "menu":
            return _menu(table, default.menu, images)
        return Hold() if default.kind == "hold" else Deny()
    return _known(table, machine, images)


def pick(
    table: Table, network: str, mac: str, key: str, images: Images, allowed: frozenset[str]
) -> Decision:
    """What a menu's entry means.  `allowed` are the keys the menu that was sent had."""
    if key in ALWAYS:
        return ALWAYS[key]
    if key == "menu":
        return decide(table, network, mac, images)
    if key in allowed:
        for host, generation, ident in _everything(table):
            if image_key(ident) == key:
                return _image(host, generation, ident, images)
    return Page("This entry is not in the menu any more.", "The menu comes back.", 3)


def _everything(table: Table) -> Iterator[tuple[Host, Generation, str]]:
    """Every image there is, with the host and the generation it belongs to."""
    for host in table.hosts.values():
        for generation in host.generations:
            for ident in (generation.image, *generation.specialisations.values()):
                yield host, generation, ident


def image_key(image: str) -> str:
    """The menu key of an image.

    >>> image_key("ab" * 32)
    'g-abababababababab'
    """
    return IMAGE_KEY + image[:KEY_DIGITS]


def newest(host: Host) -> Generation | None:
    """The generation to boot: a pinned one, else the newest that is not bad."""
    for wanted in ({"pinned"}, {"trial", "good", "unwatched"}):
        for generation in host.generations:
            if generation.state in wanted:
                return generation
    return None


def _known(table: Table, machine: Machine, images: Images) -> Decision:
    if machine.intent in BARE:
        return BARE[machine.intent]
    if machine.intent == "menu":
        return _menu(table, machine.menu, images)
    if machine.intent == "run":
        return _run(table, machine, images)
    return Page(
        f"This machine is to {machine.intent}, which this version of Nixie cannot do yet.",
        "Choose something else for it on the page of this machine.",
    )


def _run(table: Table, machine: Machine, images: Images) -> Decision:
    if machine.host is None:
        return Hold()
    host = table.hosts.get(machine.host)
    if host is None:
        return Page(
            "The host assigned to this machine is not there any more.",
            "Assign another host on the page of this machine.",
        )
    generation = newest(host)
    if generation is None:
        return _nothing_yet(host)
    ident = generation.image
    if machine.specialisation is not None:
        ident = generation.specialisations.get(machine.specialisation, "")
        if not ident:
            return Page(
                f"{host.name} has no specialisation {machine.specialisation}.",
                "Choose another one on the page of this machine.",
            )
    return _image(host, generation, ident, images)


def _nothing_yet(host: Host) -> Page:
    if host.generations:
        return Page(f"Every generation of {host.name} is marked bad.", "Pin one of them, or build.")
    why = host.waiting or f"{host.name} is not built yet."
    if host.lacks in STILL_COMING:
        way_out = "This machine asks again by itself and starts as soon as there is an image."
        return Page(why, way_out, reason="waiting")
    if host.lacks == "failed":
        return Page(why, "Its build says why, on the page Builds.", reason="build-failed")
    return Page(why, "Look at its source, or assign another host to this machine.")


def _image(host: Host, generation: Generation, ident: str, images: Images) -> Decision:
    image = images(ident)
    if image is None:
        return Page(
            f"The image of {host.name}, generation {generation.number}, is not there any more.",
            "Build it again on the page of its source.",
            reason="pruned",
        )
    return Run(host, generation, image)


def _menu(table: Table, ident: str | None, images: Images) -> Decision:
    menu = table.menus.get(ident or "")
    if menu is None:
        return Page("The menu for this machine is not there any more.", "Choose another menu.")
    entries: list[Entry] = []
    earlier: list[Entry] = []
    waiting: list[str] = []
    default = "local"
    for host in (table.hosts[one] for one in menu.hosts if one in table.hosts):
        current = newest(host)
        if current is None or images(current.image) is None:
            waiting.append(host.waiting or f"{host.name} has nothing to boot.")
            continue
        if host.id == menu.default:
            default = image_key(current.image)
        entries += _current(host, current, images)
        earlier += _earlier(host, current, menu.rollbacks, images)
    return Show(menu, tuple(entries), tuple(earlier), default, tuple(waiting))


def _current(host: Host, generation: Generation, images: Images) -> list[Entry]:
    lines = [Entry(image_key(generation.image), f"{host.name}, generation {generation.number}")]
    lines += [
        Entry(image_key(ident), f"{host.name}, {name}")
        for name, ident in sorted(generation.specialisations.items())
        if images(ident) is not None
    ]
    return lines


def _earlier(host: Host, current: Generation, rollbacks: int, images: Images) -> list[Entry]:
    before = [one for one in host.generations if one.image != current.image and images(one.image)]
    return [
        Entry(image_key(one.image), f"{host.name}, generation {one.number}, {one.state}")
        for one in before[:rollbacks]
    ]
