"""What to press when a boot fell short: each diagnosis has its own deeds, the best first.

A deed that cannot be done for this boot is left out: nothing is built without a host, nothing is
released that is not held.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from appliance.store.boots import BootRow


class Press(NamedTuple):
    """One button: a link, or a form that posts `fields` to `action`."""

    label: str
    href: str = ""
    action: str = ""
    fields: tuple[tuple[str, str], ...] = ()


class Case(NamedTuple):
    """A boot and what is known around it."""

    boot: BootRow
    machine: str  # id, "" for a stranger
    source: str  # id of its host's source in force, "" when it is gone
    build: str  # id of the host's build that runs or waits, else of its last one
    building: bool
    image: str  # id of an image that is still published
    goes_on: bool  # it is on hold, and had something before


class Deed(Enum):
    """Everything that can be pressed."""

    BUILD = "build its host"
    WATCH = "look at the build"
    PICK = "choose what it boots"
    GO_ON = "release it from hold"
    LOCAL = "let it boot its own disk"
    NETWORK = "see who answers on the network"
    HOST = "see the findings of its host"
    GENERATIONS = "see which generation is served"
    IMAGE = "see what it downloads"
    LOADERS = "see which loaders are missing"
    BOOTS = "see its other boots"


REMEDIES: Mapping[str, tuple[Deed, ...]] = {
    # DHCP
    "pool-empty": (Deed.NETWORK,),
    "foreign-server": (Deed.NETWORK,),
    "foreign-dhcp-won": (Deed.NETWORK,),
    "foreign-proxy": (Deed.NETWORK,),
    "binl-opt60-without-43": (Deed.NETWORK,),
    "listening": (Deed.BOOTS, Deed.NETWORK),
    "deaf": (Deed.NETWORK,),
    "address-refused": (Deed.NETWORK,),
    "offer-ignored": (Deed.NETWORK, Deed.BOOTS),
    "unanswered": (Deed.NETWORK, Deed.BOOTS),
    # the loader
    "unknown-arch": (Deed.LOCAL, Deed.BOOTS),
    "loader-missing": (Deed.LOADERS, Deed.LOCAL),
    "ladder-exhausted": (Deed.LOCAL, Deed.BOOTS),
    "e18-no-tftp": (Deed.NETWORK, Deed.BOOTS),
    "httpboot-no-connect": (Deed.NETWORK, Deed.BOOTS),
    "rpi-no-menu": (Deed.NETWORK,),
    "rpi-no-firmware": (Deed.BOOTS,),
    "tftp-not-found": (Deed.NETWORK, Deed.BOOTS),
    "tftp-suffix-ff": (Deed.NETWORK,),
    "tftp-probe": (Deed.BOOTS,),
    "tftp-stalled": (Deed.NETWORK, Deed.BOOTS),
    "loader-aborted": (Deed.BOOTS,),
    "ipxe-loop": (Deed.BOOTS, Deed.PICK),
    "nbp-refused-secureboot": (Deed.BOOTS,),
    "wrong-cpu-nbp": (Deed.BOOTS,),
    "loader-refused": (Deed.BOOTS, Deed.PICK),
    "nbp-hang": (Deed.BOOTS,),
    "uboot-without-pxe": (Deed.BOOTS,),
    "autoexec-missing": (Deed.NETWORK, Deed.BOOTS),
    "script-not-fetched": (Deed.NETWORK, Deed.BOOTS),
    # what to boot
    "not-assigned": (Deed.GO_ON, Deed.PICK),
    "wrong-system": (Deed.PICK, Deed.HOST),
    "artifact-pruned": (Deed.BUILD, Deed.PICK),
    "build-waiting": (Deed.WATCH, Deed.PICK),
    "all-bad": (Deed.GENERATIONS, Deed.BUILD),
    "install-unsure": (Deed.PICK, Deed.BOOTS),
    "build-failed": (Deed.BUILD, Deed.WATCH),
    "nothing-to-boot": (Deed.PICK,),
    "local-exit-failed": (Deed.PICK, Deed.BOOTS),
    # the image
    "parts-not-fetched": (Deed.BOOTS,),
    "script-failed": (Deed.BOOTS, Deed.PICK),
    "kernel-signature-refused": (Deed.BOOTS,),
    "download-aborted": (Deed.IMAGE, Deed.PICK),
    "ram-too-small": (Deed.PICK, Deed.IMAGE),
    "store-not-fetched": (Deed.HOST, Deed.BOOTS),
    "store-wrong-hash": (Deed.BUILD, Deed.IMAGE),
    "store-failed": (Deed.IMAGE, Deed.BOOTS),
    "download-slow": (Deed.IMAGE, Deed.BOOTS),
    "kernel-no-sign-of-life": (Deed.HOST, Deed.GENERATIONS, Deed.PICK),
    "unit-not-active": (Deed.GENERATIONS, Deed.HOST),
    "fell-silent": (Deed.BOOTS,),
}
"""Diagnosis → deeds.  A boot that fell short without a known cause gets `USUAL`."""

USUAL = (Deed.PICK, Deed.BOOTS)
SHOWN = 2


def remedies(diagnosis: str, case: Case) -> tuple[Press, ...]:
    """The buttons, the one to press first in front."""
    wanted = (*REMEDIES.get(diagnosis, USUAL), *USUAL)
    found = [press for deed in dict.fromkeys(wanted) if (press := _DO[deed](case))]
    return tuple(found[:SHOWN])


def _build(case: Case) -> Press | None:
    if not case.source or not case.boot.host:
        return None
    if case.building:
        return _watch(case)
    fields = (("host", case.boot.host), ("back", f"/boots/{case.boot.id}"))
    return Press(f"Build {_name(case)} again", "", f"/sources/{case.source}/build", fields)


def _watch(case: Case) -> Press | None:
    if not case.build:
        return None
    label = "Watch the build" if case.building else "See the log of its build"
    return Press(label, f"/builds/{case.build}")


def _pick(case: Case) -> Press:
    where = f"/machines/{case.machine}#next-h" if case.machine else "/machines"
    return Press("Choose what it boots next", where)


def _go_on(case: Case) -> Press | None:
    if not case.goes_on:
        return None
    return Press("Let it go on", "", f"/machines/{case.machine}/release")


def _local(case: Case) -> Press:
    fields = (("mac", case.boot.mac), ("network", case.boot.network), ("next", "local"))
    return Press("Let it boot its own disk", "", "/inbox/boot", fields)


def _network(case: Case) -> Press:
    name = case.boot.network
    return Press(f"Look at the network {name}", f"/networks#net-{name}")


def _host(case: Case) -> Press | None:
    if not case.source:
        return None
    label = f"See what was found in {_name(case)}"
    return Press(label, f"/sources/{case.source}#host-{_name(case)}")


def _image(case: Case) -> Press | None:
    return Press("See what it downloads", f"/images/{case.image}") if case.image else None


def _generations(case: Case) -> Press | None:
    if not case.source:
        return None
    return Press(f"See the generations of {_name(case)}", f"/hosts/{case.boot.host}")


def _loaders(_: Case) -> Press:
    return Press("See which loaders are missing", "/system#loaders")


def _boots(case: Case) -> Press | None:
    return Press("See its other boots", f"/machines/{case.machine}#boots") if case.machine else None


def _name(case: Case) -> str:
    return case.boot.name or (case.boot.host or "").rpartition("/")[2]


_DO: Mapping[Deed, Callable[[Case], Press | None]] = {
    Deed.BUILD: _build,
    Deed.WATCH: _watch,
    Deed.PICK: _pick,
    Deed.GO_ON: _go_on,
    Deed.LOCAL: _local,
    Deed.NETWORK: _network,
    Deed.HOST: _host,
    Deed.GENERATIONS: _generations,
    Deed.IMAGE: _image,
    Deed.LOADERS: _loaders,
    Deed.BOOTS: _boots,
}
