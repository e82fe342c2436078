"""Every event: one frozen dataclass each, its docstring the sentence shown.

A role appends its own events to the `event` table of its own file, in the transaction of the fact
(`store/journal.py`).  Fields are JSON values.  `say` fills the docstring with the fields.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened."""

    bell: ClassVar[str] = "events"  # what the browser is told to fetch again


# ── dhcp (leases.db) ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BootAsked(Event):
    """{mac} asked to boot on {network} as {firmware}."""

    bell: ClassVar[str] = "boots"

    network: str
    mac: str
    firmware: str  # class name: "pxe-bios", "pxe-x64", "uboot-arm64", "script", "chain", "rpi"
    stage: str  # "discover", "request", "4011", "inform"
    xid: int
    arch: int | None = None
    vendor_class: str = ""
    user_class: str = ""
    features: tuple[int, ...] = ()
    version: str = ""  # iPXE's own, "2.0.0"
    bus_id: str = ""  # "1af4:1000"
    uuid: str = ""
    address: str = ""  # requested or held


@dataclass(frozen=True, slots=True)
class BootAnswered(Event):
    """{mac} was offered {address} and {file} on {network}."""

    bell: ClassVar[str] = "boots"

    network: str
    mac: str
    stage: str  # "offer", "ack", "4011"
    xid: int
    address: str
    file: str  # "" when it got an address only


class Unanswered(StrEnum):
    """Why a machine that asked to boot got nothing to boot; the sentence says it with its facts."""

    POOL_EMPTY = "pool-empty"
    FOREIGN_SERVER = "foreign-server"  # we keep quiet because of it
    LISTENING = "listening"  # we keep quiet until we know that nobody else answers
    DEAF = "deaf"  # we keep quiet because we could not hear anybody else
    OTHER_SERVER_CHOSEN = "other-server-chosen"
    ADDRESS_REFUSED = "address-refused"  # it asked for one that it may not have
    NO_ADDRESS_ASKED = "no-address-asked"
    NOT_OURS = "not-ours"  # it comes back to another server, beside which we answer
    UNKNOWN_ARCH = "unknown-arch"  # nobody has a loader for it
    LOADER_MISSING = "loader-missing"  # its loader is not installed
    LADDER_EXHAUSTED = "ladder-exhausted"  # it was handed every loader in vain
    SIGNED_IMAGES = "signed-images"  # it wants what only Boot Integrity Services had
    NOT_BOOTING = "not-booting"  # it did not ask to boot


@dataclass(frozen=True, slots=True)
class BootUnanswered(Event):
    """{mac} asked to boot on {network} and got nothing: {why}"""

    bell: ClassVar[str] = "boots"

    network: str
    mac: str
    why: str
    reason: str = ""  # an `Unanswered`


@dataclass(frozen=True, slots=True)
class LeaseRefused(Event):
    """{mac} asked for {address} on {network}, which it may not have: {why}"""

    bell: ClassVar[str] = "leases"

    network: str
    mac: str
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class LeaseDeclined(Event):
    """{mac} says that somebody else uses {address} on {network}; the address rests for a while."""

    bell: ClassVar[str] = "leases"

    network: str
    mac: str
    address: str


@dataclass(frozen=True, slots=True)
class PoolEmpty(Event):
    """{mac} got no address: {used} of the {size} addresses in the pool of {network} are in use."""

    bell: ClassVar[str] = "leases"

    network: str
    mac: str
    used: int = 0  # by leases and offers; the rest waits for devices that had them for long
    size: int = 0


@dataclass(frozen=True, slots=True)
class PoolHasRoom(Event):
    """The pool of {network} has free addresses again."""

    bell: ClassVar[str] = "leases"

    network: str


@dataclass(frozen=True, slots=True)
class PoolFlooded(Event):
    """More than {limit} devices that {network} does not know asked for addresses in one minute."""

    bell: ClassVar[str] = "leases"

    network: str
    limit: int


@dataclass(frozen=True, slots=True)
class PoolCalm(Event):
    """{network} gives addresses to new devices again."""

    bell: ClassVar[str] = "leases"

    network: str


@dataclass(frozen=True, slots=True)
class ForeignServer(Event):
    """Another DHCP server, {server} ({mac}), is on {network}. Ours is quiet unless you let both."""

    bell: ClassVar[str] = "leases"

    network: str
    server: str
    mac: str = ""  # of the server's card, or of the relay before it
    offers: str = ""  # an address it gave, with its prefix: "192.168.1.57/24"
    what: str = ""  # boot fields it sends, to clear there: "a boot file, option 66"


@dataclass(frozen=True, slots=True)
class ForeignServerGone(Event):
    """The other DHCP server on {network}, {server}, is gone: it was silent for three minutes."""

    bell: ClassVar[str] = "leases"

    network: str
    server: str


@dataclass(frozen=True, slots=True)
class ForeignBootServer(Event):
    """Another server on {network}, {server}, answers machines that boot: {what}."""

    bell: ClassVar[str] = "boots"

    network: str
    server: str
    what: str
    mac: str = ""


@dataclass(frozen=True, slots=True)
class ForeignBootServerGone(Event):
    """The other server on {network} that answered machines that boot, {server}, is gone."""

    bell: ClassVar[str] = "boots"

    network: str
    server: str


@dataclass(frozen=True, slots=True)
class EarLost(Event):
    """Other DHCP servers on {network} cannot be heard, so it is not safe to answer: {why}"""

    bell: ClassVar[str] = "leases"

    network: str
    why: str


@dataclass(frozen=True, slots=True)
class EarFound(Event):
    """Other DHCP servers on {network} can be heard again."""

    bell: ClassVar[str] = "leases"

    network: str


@dataclass(frozen=True, slots=True)
class BootLooping(Event):
    """{mac} took {file} again and again on {network}, and it never came up."""

    bell: ClassVar[str] = "boots"

    network: str
    mac: str
    file: str


# ── boot (boot.db) ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BootBegan(Event):
    """{mac} began to boot on {network}."""

    bell: ClassVar[str] = "boots"

    boot: str
    network: str
    mac: str


@dataclass(frozen=True, slots=True)
class BootStepped(Event):
    """{what}"""

    bell: ClassVar[str] = "boots"

    boot: str
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class BootEnded(Event):
    """The boot of {mac} ended as {state}."""

    bell: ClassVar[str] = "boots"

    boot: str
    mac: str
    state: str
    image: str | None = None
    toplevel: str | None = None
    diagnosis: str | None = None


@dataclass(frozen=True, slots=True)
class GenerationGood(Event):
    """Generation {number} of {name} is good: {mac} came up with it."""

    bell: ClassVar[str] = "machines"

    host: str
    name: str
    number: int
    image: str
    mac: str


@dataclass(frozen=True, slots=True)
class GenerationBad(Event):
    """Generation {number} of {name} is bad: {mac} got it {failures} times in vain. {instead}"""

    bell: ClassVar[str] = "machines"

    host: str
    name: str
    number: int
    image: str
    mac: str
    boot: str  # the last of them
    failures: int
    instead: str  # a sentence: what is served from now on


@dataclass(frozen=True, slots=True)
class GenerationBadHere(Event):
    """{mac} does not start generation {number} of {name}, which others run. {instead}"""

    bell: ClassVar[str] = "machines"

    host: str
    name: str
    number: int
    image: str
    mac: str
    boot: str
    failures: int
    instead: str


@dataclass(frozen=True, slots=True)
class GenerationChosen(Event):
    """{what}"""

    bell: ClassVar[str] = "machines"

    host: str
    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class OnceSpent(Event):
    """{mac} had {name} once, as it was asked for. From now on it boots what comes after that."""

    bell: ClassVar[str] = "machines"

    machine: str
    mac: str
    name: str
    boot: str


@dataclass(frozen=True, slots=True)
class OnceUnsure(Event):
    """{mac} was sent {name} to install, and came back without having been heard of. It is not sent
    again until you say so on its page."""

    bell: ClassVar[str] = "machines"

    machine: str
    mac: str
    name: str
    boot: str


@dataclass(frozen=True, slots=True)
class MachineWoken(Event):
    """{what}"""

    bell: ClassVar[str] = "machines"

    machine: str
    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class SystemSwitched(Event):
    """{mac} was switched by hand, from generation {generation} of {name} to {toplevel}."""

    bell: ClassVar[str] = "machines"

    network: str
    mac: str
    boot: str
    name: str
    generation: int
    toplevel: str


@dataclass(frozen=True, slots=True)
class TokenUnknown(Event):
    """{address} asked for {path} with a token nobody gave it."""

    bell: ClassVar[str] = "boots"

    network: str
    address: str
    path: str


@dataclass(frozen=True, slots=True)
class MachineHeld(Event):
    """{mac} waits on {network} and shows the code {code}."""

    bell: ClassVar[str] = "machines"

    network: str
    mac: str
    code: str


@dataclass(frozen=True, slots=True)
class IdentityAsked(Event):
    """{name} ({mac}) asks for its identity on {network} and shows the code {code}. {why}"""

    bell: ClassVar[str] = "machines"

    machine: str
    name: str
    network: str
    mac: str
    code: str
    why: str  # a sentence: what it is known by, and did not come with


@dataclass(frozen=True, slots=True)
class IdentityDecided(Event):
    """{what}"""

    bell: ClassVar[str] = "machines"

    machine: str
    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class IdentityDiffers(Event):
    """A machine with the MAC of {name}, {mac}, came up with {said}, not {known}. Another computer
    may have taken its MAC, or its disk was changed: look at it, then forget its identity."""

    bell: ClassVar[str] = "machines"

    machine: str
    name: str
    mac: str
    said: str
    known: str  # the fingerprint that it should have


# ── build (build.db) ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SourceChecked(Event):
    """{what}"""

    bell: ClassVar[str] = "sources"

    source: str
    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class SourceChanged(Event):
    """The source has a new revision, {revision}."""

    bell: ClassVar[str] = "sources"

    source: str
    revision: str
    before: str


@dataclass(frozen=True, slots=True)
class SourceUnreadable(Event):
    """{what}"""

    bell: ClassVar[str] = "sources"

    source: str
    what: str
    wish: str | None = None
    obstacle: str = ""  # why, in a word of model/obstacles.py


@dataclass(frozen=True, slots=True)
class SourceWentTooFar(Event):
    """A stranger's flake went too far with {name} and was stopped ({obstacle}): {what}"""

    bell: ClassVar[str] = "sources"

    source: str
    name: str  # of the host; "its inputs", "itself"
    obstacle: str  # a word of model/obstacles.py
    what: str


@dataclass(frozen=True, slots=True)
class HostJudged(Event):
    """{name} is {kind}."""

    bell: ClassVar[str] = "sources"

    host: str
    name: str
    kind: str
    obstacle: str = ""  # why it cannot boot, in a word of model/obstacles.py


@dataclass(frozen=True, slots=True)
class BuildQueued(Event):
    """{name} waits to be built."""

    bell: ClassVar[str] = "builds"

    build: str
    host: str
    name: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class BuildStepped(Event):
    """{name}: {phase}."""

    bell: ClassVar[str] = "builds"

    build: str
    name: str
    phase: str


@dataclass(frozen=True, slots=True)
class BuildEnded(Event):
    """The build of {name} ended: {state}. {what}"""

    bell: ClassVar[str] = "builds"

    build: str
    host: str
    name: str
    state: str  # "built", "unchanged", "failed", "cancelled"
    what: str = ""
    obstacle: str = ""  # why it failed, in a word of model/obstacles.py


@dataclass(frozen=True, slots=True)
class ImagePublished(Event):
    """Generation {number} of {name} is ready to boot."""

    bell: ClassVar[str] = "machines"

    host: str
    name: str
    number: int
    image: str


@dataclass(frozen=True, slots=True)
class GenerationsLetGo(Event):
    """{what}"""

    bell: ClassVar[str] = "machines"

    what: str


@dataclass(frozen=True, slots=True)
class StoreTight(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    what: str


@dataclass(frozen=True, slots=True)
class StoreFull(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    what: str


@dataclass(frozen=True, slots=True)
class StoreRoomy(Event):
    """There is room on the disk of the store again."""

    bell: ClassVar[str] = "builds"


@dataclass(frozen=True, slots=True)
class StoreFreed(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class BuilderTried(Event):
    """{what}"""

    bell: ClassVar[str] = "builders"

    builder: str
    name: str
    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class BuilderLost(Event):
    """Nothing is built on {name}. {what}"""

    bell: ClassVar[str] = "builders"

    builder: str
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class BuilderBack(Event):
    """{name} builds again."""

    bell: ClassVar[str] = "builders"

    builder: str
    name: str


@dataclass(frozen=True, slots=True)
class BuilderLeft(Event):
    """Nobody waits for {name} any more."""

    bell: ClassVar[str] = "builders"

    builder: str
    name: str


@dataclass(frozen=True, slots=True)
class CacheTried(Event):
    """{what}"""

    bell: ClassVar[str] = "caches"

    cache: str
    name: str
    what: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class CacheLost(Event):
    """Nothing comes from the cache {name}; builds go on without it. {what}"""

    bell: ClassVar[str] = "caches"

    cache: str
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class CacheBack(Event):
    """The cache {name} gives again."""

    bell: ClassVar[str] = "caches"

    cache: str
    name: str


@dataclass(frozen=True, slots=True)
class CacheLeft(Event):
    """Nobody waits for the cache {name} any more."""

    bell: ClassVar[str] = "caches"

    cache: str
    name: str


@dataclass(frozen=True, slots=True)
class WishRefused(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    wish: str
    what: str


# ── net (net.db) ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RevisionApplied(Event):
    """Revision {revision} is in force."""

    bell: ClassVar[str] = "changes"

    revision: int
    steps: tuple[str, ...] = field(default=())
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class RevisionTried(Event):
    """Revision {revision} is on trial: without Keep it is undone in {seconds} s."""

    bell: ClassVar[str] = "changes"

    revision: int
    seconds: int
    steps: tuple[str, ...] = field(default=())
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class TrialExtended(Event):
    """Revision {revision} is on trial for longer: {seconds} s from now."""

    bell: ClassVar[str] = "changes"

    revision: int
    seconds: int
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class RevisionRefused(Event):
    """Revision {revision} could not be applied: {why}"""

    bell: ClassVar[str] = "changes"

    revision: int
    why: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class RevisionUndone(Event):
    """Revision {revision} was undone: {why}"""

    bell: ClassVar[str] = "changes"

    revision: int
    why: str
    wish: str | None = None


@dataclass(frozen=True, slots=True)
class AddressLeft(Event):
    """Everybody on {network} has moved: the router no longer answers at {address}, its old one."""

    bell: ClassVar[str] = "changes"

    network: str
    address: str


@dataclass(frozen=True, slots=True)
class ChangeRefused(Event):
    """{what}"""

    bell: ClassVar[str] = "changes"

    wish: str
    what: str


@dataclass(frozen=True, slots=True)
class SourceHeldBack(Event):
    """{work} tried to reach {target} in your network and was refused. {way}"""

    bell: ClassVar[str] = "sources"

    source: str
    work: str
    target: str
    way: str


@dataclass(frozen=True, slots=True)
class DriftRepaired(Event):
    """Somebody else changed the network; put back: {what}"""

    bell: ClassVar[str] = "changes"

    what: str


@dataclass(frozen=True, slots=True)
class ClockDoubted(Event):
    """The clock shows a time that cannot be; it is believed again when an NTP server has set it."""

    bell: ClassVar[str] = "changes"


@dataclass(frozen=True, slots=True)
class ClockTrusted(Event):
    """The clock is right again."""

    bell: ClassVar[str] = "changes"


@dataclass(frozen=True, slots=True)
class PrefixDelegated(Event):
    """The provider delegated the IPv6 prefix {prefix}."""

    bell: ClassVar[str] = "changes"

    prefix: str


@dataclass(frozen=True, slots=True)
class PrefixGone(Event):
    """The IPv6 prefix {prefix} is no longer ours; devices are told to forget it."""

    bell: ClassVar[str] = "changes"

    prefix: str


@dataclass(frozen=True, slots=True)
class LinkMissing(Event):
    """{link}, a port of {network}, is not there."""

    bell: ClassVar[str] = "changes"

    network: str
    link: str


@dataclass(frozen=True, slots=True)
class LinkUnclear(Event):
    """{link}, a port of {network}, may be {several}: name it by what only one of them has."""

    bell: ClassVar[str] = "changes"

    network: str
    link: str
    several: str


@dataclass(frozen=True, slots=True)
class OutsideSilent(Event):
    """Seen from outside, nothing of ours answers."""

    bell: ClassVar[str] = "changes"

    wish: str
    tried: int  # ports that were asked


@dataclass(frozen=True, slots=True)
class OutsideHeard(Event):
    """Seen from outside, something answers that should not: {what}."""

    bell: ClassVar[str] = "changes"

    wish: str
    what: str


@dataclass(frozen=True, slots=True)
class OutsideRefused(Event):
    """The router could not be looked at from outside: {what}"""

    bell: ClassVar[str] = "changes"

    wish: str
    what: str


@dataclass(frozen=True, slots=True)
class ExposureFound(Event):
    """{what} {todo}"""

    bell: ClassVar[str] = "changes"

    finding: str  # tells it from others: "heard tcp 2323"
    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class ExposureGone(Event):
    """It is over: {what}"""

    bell: ClassVar[str] = "changes"

    finding: str
    what: str


@dataclass(frozen=True, slots=True)
class FlowsNearlyFull(Event):
    """{count} of {most} connections are in use; beyond them new ones are refused.{whose} {todo}"""

    bell: ClassVar[str] = "devices"

    count: int
    most: int
    whose: str  # "" or a sentence after a space: who has most of them
    todo: str


@dataclass(frozen=True, slots=True)
class FlowsCalm(Event):
    """There is room for new connections again: {count} of {most} are in use."""

    bell: ClassVar[str] = "devices"

    count: int
    most: int


@dataclass(frozen=True, slots=True)
class DeviceMet(Event):
    """A new device is on {network}: {name}."""

    bell: ClassVar[str] = "devices"

    network: str
    mac: str
    name: str


# ── wan (wan.db) ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class WanUp(Event):
    """The internet is there: {link} has {address}, and the gateway {gateway} answers."""

    bell: ClassVar[str] = "wan"

    link: str
    address: str
    gateway: str


@dataclass(frozen=True, slots=True)
class WanDown(Event):
    """There is no internet: {why}"""

    bell: ClassVar[str] = "wan"

    link: str
    why: str
    stand: str = ""  # a `model/way.Stand`


@dataclass(frozen=True, slots=True)
class WanOff(Event):
    """There is no way to the internet in the configuration any more."""

    bell: ClassVar[str] = "wan"


@dataclass(frozen=True, slots=True)
class WanAddressed(Event):
    """The provider's server {server} gave {address} to {link}."""

    bell: ClassVar[str] = "wan"

    link: str
    address: str
    server: str
    seconds: int  # how long the lease lasts


@dataclass(frozen=True, slots=True)
class WanAddressGone(Event):
    """{link} no longer has {address}: {why}"""

    bell: ClassVar[str] = "wan"

    link: str
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class WanAsked(Event):
    """{link} asks its provider again."""

    bell: ClassVar[str] = "wan"

    wish: str
    link: str


@dataclass(frozen=True, slots=True)
class WanFound(Event):
    """{what}"""

    bell: ClassVar[str] = "wan"

    wish: str
    what: str
    ports: tuple[str, ...] = ()  # each: "enp1s0 offer 203.0.113.1", "enp2s0 silent", "enp3s0 cut"


@dataclass(frozen=True, slots=True)
class WanRefused(Event):
    """{what}"""

    bell: ClassVar[str] = "wan"

    wish: str
    what: str


# ── notice (notice.db) ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NoticeTested(Event):
    """{what}"""

    bell: ClassVar[str] = "notices"

    wish: str
    what: str


@dataclass(frozen=True, slots=True)
class NoticeRefused(Event):
    """{what}"""

    bell: ClassVar[str] = "notices"

    wish: str
    what: str


@dataclass(frozen=True, slots=True)
class PublicNamePublished(Event):
    """{name} leads to {address} on the internet."""

    bell: ClassVar[str] = "wan"

    name: str
    address: str
    again: bool = False  # it was told that something was wrong


@dataclass(frozen=True, slots=True)
class PublicNameUnpublished(Event):
    """{name} does not follow this router: {why}"""

    bell: ClassVar[str] = "wan"

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class PublicNameForgotten(Event):
    """{name} is left to itself on the internet."""

    bell: ClassVar[str] = "wan"

    name: str


@dataclass(frozen=True, slots=True)
class PublicNameAsked(Event):
    """{what}"""

    bell: ClassVar[str] = "wan"

    wish: str
    what: str


@dataclass(frozen=True, slots=True)
class PublicNameRefused(Event):
    """{what}"""

    bell: ClassVar[str] = "wan"

    wish: str
    what: str


# ── web (nixie.db) ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SourceActed(Event):
    """{what}"""

    bell: ClassVar[str] = "sources"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class GenerationPushed(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    host: str
    name: str
    number: int
    image: str
    what: str
    wish: str


@dataclass(frozen=True, slots=True)
class WebhookHeard(Event):
    """A forge at {address} told of a push, and it was {outcome}. {what}"""

    bell: ClassVar[str] = "sources"

    source: str
    outcome: str  # model/webhooks.py
    what: str
    address: str
    digest: str  # of what it sent


@dataclass(frozen=True, slots=True)
class BuildActed(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class BuilderActed(Event):
    """{what}"""

    bell: ClassVar[str] = "builders"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class CacheActed(Event):
    """{what}"""

    bell: ClassVar[str] = "caches"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class StorageActed(Event):
    """{what}"""

    bell: ClassVar[str] = "builds"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class MachineActed(Event):
    """{what}"""

    bell: ClassVar[str] = "machines"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class NoticeActed(Event):
    """{what}"""

    bell: ClassVar[str] = "notices"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class PublicNameActed(Event):
    """{what}"""

    bell: ClassVar[str] = "notices"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class DeviceActed(Event):
    """{what}"""

    bell: ClassVar[str] = "devices"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class ConfigActed(Event):
    """{what}"""

    bell: ClassVar[str] = "changes"

    act: str
    what: str


@dataclass(frozen=True, slots=True)
class LinkReturned(Event):
    """{link}, a port of {network}, is back."""

    bell: ClassVar[str] = "changes"

    network: str
    link: str


@dataclass(frozen=True, slots=True)
class NetworkUnreachable(Event):
    """The network could not be put right, it is tried again: {why}"""

    bell: ClassVar[str] = "changes"

    why: str


# ── every role ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ServiceFailed(Event):
    """{service} stopped: {why} It starts again in {pause} s."""

    service: str
    why: str
    pause: int


# ── supervisor (run/supervisor.json) ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RoleEnded(Event):
    """{role} ended: {why} It starts again at once."""

    role: str
    why: str


@dataclass(frozen=True, slots=True)
class RoleReady(Event):
    """{role} runs (pid {pid})."""

    role: str
    pid: int


@dataclass(frozen=True, slots=True)
class RoleUnserved(Event):
    """{role} goes without {socket}: {what}"""

    role: str
    socket: str  # "dhcp.br-lan"
    what: str


@dataclass(frozen=True, slots=True)
class FileGone(Event):
    """{file} was gone; it is made again, empty."""

    file: str


@dataclass(frozen=True, slots=True)
class FileReplaced(Event):
    """{file} was replaced by another one, which is used from now on."""

    file: str


@dataclass(frozen=True, slots=True)
class WallLower(Event):
    """{what}"""

    what: str


def _all(kind: type[Event]) -> list[type[Event]]:
    return [one for below in kind.__subclasses__() for one in (below, *_all(below))]


KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in _all(Event)}
"""Event name to its class; what the journal stores is the name."""


def to_json(event: Event) -> dict[str, Any]:
    """The event's fields, ready for json.dumps."""
    return asdict(event)


def from_json(kind: str, fields: Mapping[str, Any]) -> Event | None:
    """Read an event back; None when this version does not know the kind."""
    known = KINDS.get(kind)
    if known is None:
        return None
    names = known.__dataclass_fields__
    return known(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in fields.items()
            if name in names
        }
    )


def say(event: Event) -> str:
    """The event as a sentence.

    >>> say(BuildQueued("1", "s/ember", "ember"))
    'ember waits to be built.'
    """
    return (type(event).__doc__ or "").format(**asdict(event))
