"""Which kernel modules go into the sample, and the indexes that modprobe reads.

A module names what it depends on and which devices it drives in its ELF section `.modinfo`, as
NUL-separated `key=value` strings; depmod only collects these.
"""

import re
from collections.abc import Callable, Iterable, Mapping


class UnknownModule(LookupError):
    """A module that is neither a file nor, as far as we can see, part of the kernel."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no kernel module {name}")
        self.name = name


def values(key: str, content: bytes) -> list[str]:
    """All values of `key` in a module's `.modinfo`.

    >>> values("alias", b"..\\0alias=pci:v1AF4*\\0depends=a,b\\0")
    ['pci:v1AF4*']
    """
    pattern = rb"(?<![ -~])" + key.encode() + rb"=([ -~]*)\0"
    return [found.decode() for found in re.findall(pattern, content)]


def dependencies(content: bytes) -> tuple[str, ...]:
    """The modules that this module's file asks for, with underscores."""
    named = ",".join(values("depends", content)).split(",")
    return tuple(name.replace("-", "_") for name in named if name)


def closure(
    wanted: Iterable[str], below: Callable[[str], tuple[str, ...] | None]
) -> tuple[str, ...]:
    """`wanted` and everything below it, in alphabetical order.

    `below` gives what a module depends on, None when there is no such module.  Raises
    `UnknownModule`.
    """
    found: set[str] = set()
    left = list(wanted)
    while left:
        name = left.pop()
        if name in found:
            continue
        more = below(name)
        if more is None:
            raise UnknownModule(name)
        found.add(name)
        left.extend(more)
    return tuple(sorted(found))


def index(contents: Mapping[str, bytes]) -> dict[str, str]:
    """`modules.dep` and `modules.alias` for files that lie side by side as `<name>.ko`."""
    known = {name: dependencies(content) for name, content in contents.items()}
    depends = [
        f"{name}.ko:{''.join(f' {below}.ko' for below in _below(name, known))}\n"
        for name in sorted(known)
    ]
    aliases = [
        f"alias {alias} {name}\n"
        for name in sorted(contents)
        for alias in values("alias", contents[name])
    ]
    return {"modules.dep": "".join(depends), "modules.alias": "".join(aliases)}


def _below(name: str, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Everything under `name`, nearest first, each once: the order modprobe undoes."""
    found: list[str] = []
    for direct in known[name]:
        for below in (direct, *_below(direct, known)):
            if below in found:
                found.remove(below)
            found.append(below)
    return found
