"""What a machine gets now: the inventory's table and its images, boiled down to one decision.

Pure.  A decision is one of a few values; `script`, `menu` and `serve` each handle all of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from appliance import once
from appliance.generations import NOTHING_KNOWN, Standings, booted, served, whose
from appliance.model.fit import INSIDE, Fit
from appliance.model.images import DTB, Image, Part
from appliance.model.table import Generation, Host, Machine, Menu, Once, Table

Images = Callable[[str], Image | None]
"""Image id to the published image, None when it is not there (any more)."""

Onces = Callable[[str], str]
"""The id of something to boot once to how far it came: one of once.STATES."""


def not_yet(_ident: str) -> str:
    """Nothing of that kind was given to anybody."""
    return "asked"


@dataclass(frozen=True, slots=True)
class Run:
    """Boot this image."""

    host: Host
    generation: Generation
    image: Image
    once: Once | None = None  # and never again
    fits: Fit = INSIDE
    with_tree: bool = False  # what starts it takes a device tree; iPXE and UEFI do not

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the machine fetches."""
        found = self.image.thin if self.fits.thin else self.image.parts
        trees = tuple(part for part in self.image.parts if part.purpose == DTB)
        rest = tuple(part for part in found if part.purpose != DTB)
        return (*rest, *trees) if self.with_tree else rest


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

REASONS = ("waiting", "build-failed", "pruned", "wrong-system", "all-bad", "install-unsure")
"""Why there is only a page, where the record's diagnosis depends on it."""

STILL_COMING = frozenset({"queued", "running", "looking", "unbuilt", ""})
"""What a host may lack (table.LACKS) that comes by itself; "" is a table of an earlier version."""

GIVEN: Mapping[str, str] = {
    "good": "The last good one, generation",
    "pinned": "The pinned one, generation",
    "trial": "Another on trial, generation",
}
IMAGE_KEY = "g-"
KEY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class World:
    """What decisions are made from; `machine` is who asks, as `generations.whose` says it."""

    table: Table
    images: Images
    standings: Standings
    machine: str
    onces: Onces = not_yet

    def serves(self, host: Host, specialisation: str | None = None) -> Generation | None:
        """The generation of a host that this machine gets."""
        return served(
            host.generations,
            self.standings,
            host.id,
            self.machine,
            boots=lambda one: booted(one, specialisation),
            there=self.images,
        )


def decide(
    table: Table,
    network: str,
    mac: str,
    images: Images,
    standings: Standings = NOTHING_KNOWN,
    onces: Onces = not_yet,
) -> Decision:
    """What the machine behind (network, MAC) gets at this moment."""
    machine = table.machine(network, mac)
    who = whose(machine.id if machine else None, network, mac)
    world = World(table, images, standings, who, onces)
    if machine is None:
        default = table.default(network)
        if default.kind == "menu":
            return _menu(world, default.menu)
        return Hold() if default.kind == "hold" else Deny()
    return _known(world, machine)


def instead(table: Table, host_id: str, machine: str, images: Images, standings: Standings) -> str:
    """What a machine gets of a host from now on, as a sentence."""
    host = table.hosts.get(host_id)
    if host is None:
        return ""
    known = table.machines.get(machine)
    special = known.specialisation if known and known.host == host.id else None
    given = World(table, images, standings, machine).serves(host, special)
    if given is None:
        return "There is no other to give it: it waits for one."
    stands = "pinned" if given.image == standings.pins.get(host.id) else ""
    stands = stands or standings.state(given.image, given.state)
    return f"{GIVEN.get(stands, 'Generation')} {given.number} is served from now on."


def pick(
    table: Table,
    network: str,
    mac: str,
    key: str,
    images: Images,
    allowed: frozenset[str],
    standings: Standings = NOTHING_KNOWN,
) -> Decision:
    """What a menu's entry means.  `allowed` are the keys the menu that was sent had."""
    if key in ALWAYS:
        return ALWAYS[key]
    if key == "menu":
        return decide(table, network, mac, images, standings)
    if key in allowed:
        for host, generation, ident in _everything(table):
            if image_key(ident) != key:
                continue
            pinned = standings.pins.get(host.id) == generation.image
            if standings.state(ident, "trial") == "bad" and not pinned:
                return Page("This image is bad meanwhile.", "The menu comes back.", 3)
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


def _known(world: World, machine: Machine) -> Decision:
    if machine.once is not None and machine.intent not in ("hold", "deny"):
        given = _once(world, machine.once)
        if given is not None:
            return given
    if machine.intent in BARE:
        return BARE[machine.intent]
    if machine.intent == "menu":
        return _menu(world, machine.menu)
    if machine.intent == "run":
        return _run(world, machine.host, machine.specialisation)
    return Page(
        f"This machine is to {machine.intent}, which this version of Nixie cannot do yet.",
        "Choose something else for it on the page of this machine.",
    )


def _once(world: World, asked: Once) -> Decision | None:
    """What is to be booted once, None when that is over."""
    state = world.onces(asked.id)
    if once.gives(state):
        found = _run(world, asked.host, asked.specialisation)
        return replace(found, once=asked) if isinstance(found, Run) else found
    if state != "unsure":
        return None
    return Page(
        f"This machine was sent {asked.host.rpartition('/')[2]} to install, and was not heard of "
        "before it came back. It is not sent a second time, for that could wipe what is there.",
        "On the page of this machine, let it boot its disk or ask for the installation again.",
        reason="install-unsure",
    )


def _run(world: World, ident: str | None, wanted: str | None) -> Decision:
    if ident is None:
        return Hold()
    host = world.table.hosts.get(ident)
    if host is None:
        return Page(
            "The host assigned to this machine is not there any more.",
            "Assign another host on the page of this machine.",
        )
    if not host.generations:
        return _nothing_yet(host)
    if not booted(host.generations[0], wanted):
        return Page(
            f"{host.name} has no specialisation {wanted}.",
            "Choose another one on the page of this machine.",
        )
    generation = world.serves(host, wanted)
    if generation is not None:
        return _image(host, generation, booted(generation, wanted), world.images)
    if all(world.images(booted(one, wanted)) for one in host.generations):
        return _all_bad(host)
    newest = host.generations[0]
    return _image(host, newest, booted(newest, wanted), world.images)


def _nothing_yet(host: Host) -> Page:
    why = host.waiting or f"{host.name} is not built yet."
    if host.lacks in STILL_COMING:
        way_out = "This machine asks again by itself and starts as soon as there is an image."
        return Page(why, way_out, reason="waiting")
    if host.lacks == "failed":
        return Page(why, "Its build says why, on the page Builds.", reason="build-failed")
    return Page(why, "Look at its source, or assign another host to this machine.")


def _all_bad(host: Host) -> Page:
    count = len(host.generations)
    which = "The only generation" if count == 1 else f"Each of the {count} generations"
    why = f"{which} of {host.name} is bad: sent, never heard of, and asked for again."
    way_out = "Build a mended one, or put one on trial again, on the page of its generations."
    return Page(why, way_out, reason="all-bad")


def _image(host: Host, generation: Generation, ident: str, images: Images) -> Decision:
    image = images(ident)
    if image is None:
        return Page(
            f"The image of {host.name}, generation {generation.number}, is not there any more.",
            "Build it again on the page of its source.",
            reason="pruned",
        )
    return Run(host, generation, image)


def _menu(world: World, ident: str | None) -> Decision:
    menu = world.table.menus.get(ident or "")
    if menu is None:
        return Page("The menu for this machine is not there any more.", "Choose another menu.")
    hosts = world.table.hosts
    entries: list[Entry] = []
    earlier: list[Entry] = []
    waiting: list[str] = []
    default = "local"
    for host in (hosts[one] for one in menu.hosts if one in hosts):
        current = world.serves(host)
        if current is None:
            waiting.append(host.waiting or f"{host.name} has nothing to boot.")
            continue
        if host.id == menu.default:
            default = image_key(current.image)
        entries += _current(world, host, current)
        earlier += _earlier(world, host, current, menu.rollbacks)
    return Show(menu, tuple(entries), tuple(earlier), default, tuple(waiting))


def _current(world: World, host: Host, generation: Generation) -> list[Entry]:
    lines = [Entry(image_key(generation.image), f"{host.name}, generation {generation.number}")]
    lines += [
        Entry(image_key(ident), f"{host.name}, {name}")
        for name, ident in sorted(generation.specialisations.items())
        if world.images(ident) is not None and world.standings.state(ident, "trial") != "bad"
    ]
    return lines


def _earlier(world: World, host: Host, current: Generation, rollbacks: int) -> list[Entry]:
    """Other images that the machine may be given by hand; bad ones are not among them."""
    stands = [
        (one, world.standings.state(one.image, one.state))
        for one in host.generations
        if one.image != current.image and world.images(one.image)
    ]
    return [
        Entry(image_key(one.image), f"{host.name}, generation {one.number}, {state}")
        for one, state in stands
        if state != "bad"
    ][:rollbacks]
