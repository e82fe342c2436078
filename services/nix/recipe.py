"""What a look at a host brings back, checked: foreign evaluation wrote every word of it.

The JSON of `adapter/introspect.nix` becomes a `Recipe`: what to build, which files of it to serve
and the command line.  Store paths are store paths, names are names, nothing has control characters.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from appliance.errors import Problem, Refused
from appliance.model.command_line import LONGEST, passes
from appliance.model.images import DTB
from appliance.model.names import HOST_NAME
from services.nix.store_path import is_derivation, is_store_path

PARTS = ("kernel", "initialRamdisk", "squashfsStore", "netbootRamdisk", DTB)
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
SYSTEM = re.compile(r"[a-z0-9_]+-[a-z0-9_]+")
MODULE = re.compile(r"[A-Za-z0-9_-]{1,64}")
WHOLE = ({"kernel", "initialRamdisk", "squashfsStore"}, {"kernel", "netbootRamdisk"})
"""What an image needs; a device tree may come on top."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one host, or one of its specialisations, becomes an image."""

    system: str
    kernel_file: str  # below the kernel's output
    initrd_file: str  # below the ramdisk's output
    parameters: tuple[str, ...]
    toplevel: str
    drvs: Mapping[str, str]  # part → derivation
    outs: Mapping[str, str]  # part → output path
    specialisations: Mapping[str, "Recipe"] = field(default_factory=dict)
    thin: bool = False  # its first stage can fetch the store
    initrd_modules: tuple[str, ...] = ()  # what the ramdisk can load
    dtb_file: str = ""  # below the device trees' output, "" without one

    @property
    def command_line(self) -> str:
        """The kernel's command line, without what the boot role adds."""
        return " ".join((f"init={self.toplevel}/init", *self.parameters))

    @property
    def derivations(self) -> tuple[str, ...]:
        """Everything to build, specialisations included, each once, in a steady order."""
        every = [self, *self.specialisations.values()]
        return tuple(dict.fromkeys(one.drvs[part] for one in every for part in sorted(one.drvs)))

    @property
    def outputs(self) -> tuple[str, ...]:
        """What `derivations` make, specialisations included, each once, in a steady order."""
        every = [self, *self.specialisations.values()]
        return tuple(dict.fromkeys(one.outs[part] for one in every for part in sorted(one.outs)))


def at_home(made: Recipe, home: Mapping[str, str]) -> Recipe:
    """The same with its outputs where `home` says that they lie here, by their paths there."""
    return replace(made, outs={part: home.get(path, path) for part, path in made.outs.items()})


def recipe(told: Mapping[str, Any]) -> Recipe:
    """Read the introspection of a bootable host.

    Raises Refused when it is not what our adapter writes, or cannot be served.
    """
    made = _one(told)
    below = told.get("specialisations")
    below = {} if below is None else below
    if not isinstance(below, dict):
        raise _refused("specialisations", "are not a set")
    found: dict[str, Recipe] = {}
    for name, one in sorted(below.items()):
        if not HOST_NAME.fullmatch(name):
            raise _refused("specialisations", f"have one called {name[:40]!r}")
        if isinstance(one, dict) and not one.get("reason"):
            found[name] = _one({**told, **one})
    return Recipe(**{**_plain(made), "specialisations": found})


def to_json(made: Recipe) -> dict[str, Any]:
    """The form stored beside a verdict."""
    return asdict(made)


def from_json(stored: Mapping[str, Any]) -> Recipe:
    """Read what `to_json` made."""
    rest = {key: value for key, value in stored.items() if key != "specialisations"}
    lists = {name: tuple(stored.get(name, ())) for name in ("parameters", "initrd_modules")}
    return Recipe(
        **{**rest, **lists},
        specialisations={
            name: from_json(one) for name, one in stored.get("specialisations", {}).items()
        },
    )


def same_image(one: Recipe, other: Recipe) -> bool:
    """Both build and start the same, so that one needs no new generation after the other."""
    return to_json(one) == to_json(other)


def _plain(made: Recipe) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


def _one(told: Mapping[str, Any]) -> Recipe:
    drvs = _paths(told.get("drv"), "drv")
    outs = _paths(told.get("out"), "out")
    if set(drvs) != set(outs) or not all(is_derivation(path) for path in drvs.values()):
        raise _refused("drv", "and out do not name the same parts")
    if "netbootRamdisk" in drvs and "squashfsStore" in drvs:
        drvs.pop("netbootRamdisk")
        outs.pop("netbootRamdisk")
    if set(drvs) - {DTB} not in WHOLE:
        raise _refused("drv", f"names {', '.join(sorted(drvs)) or 'nothing'}")
    made = Recipe(
        system=_word(told, "system", SYSTEM),
        kernel_file=_word(told, "kernelFile", FILE),
        initrd_file=_word({"initrdFile": told.get("initrdFile") or "initrd"}, "initrdFile", FILE),
        parameters=_parameters(told.get("kernelParams")),
        toplevel=_toplevel(told),
        drvs=drvs,
        outs=outs,
        thin=told.get("thin") is True,
        initrd_modules=_modules(told.get("initrdModules")),
        dtb_file=_word(told, "dtbFile", FILE) if DTB in drvs else "",
    )
    if len(made.command_line) > LONGEST:
        raise _refused("kernelParams", f"are longer than {LONGEST} characters")
    try:
        passes(made.command_line)
    except ValueError as why:
        raise Refused(Problem(("kernelParams",), f"The host cannot be served: {why}.")) from why
    return made


def _paths(told: object, where: str) -> dict[str, str]:
    if not isinstance(told, dict):
        raise _refused(where, "is not a set")
    found = {part: told[part] for part in PARTS if told.get(part) is not None}
    for path in found.values():
        if not isinstance(path, str) or not is_store_path(path):
            raise _refused(where, f"has {str(path)[:80]!r}, which is not a store path")
    return found


def _toplevel(told: Mapping[str, Any]) -> str:
    path = told.get("toplevel")
    if not isinstance(path, str) or not is_store_path(path):
        raise _refused("toplevel", "is not a store path")
    return path


def _word(told: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = told.get(name)
    if not isinstance(value, str) or len(value) > 200 or not form.fullmatch(value):
        raise _refused(name, f"is {str(value)[:80]!r}")
    return value


def _parameters(told: object) -> tuple[str, ...]:
    if not isinstance(told, list):
        raise _refused("kernelParams", "are not a list")
    for one in told:
        if not isinstance(one, str) or not one.isprintable():
            raise _refused("kernelParams", "hold a line break or a control character")
    return tuple(one for one in told if one)


def _modules(told: object) -> tuple[str, ...]:
    """Names of kernel modules; what is not one is left out, for nothing is built of them."""
    given = told if isinstance(told, list) else []
    named = {one for one in given if isinstance(one, str) and MODULE.fullmatch(one)}
    return tuple(sorted(named))


def _refused(where: str, what: str) -> Refused:
    return Refused(Problem((where,), f"The host cannot be served: its {where} {what}."))
