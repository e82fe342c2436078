"""PXELINUX's configuration file, as far as U-Boot reads it.

U-Boot shows a label by its `MENU LABEL` and skips one without a kernel: that is how it says a
sentence.  A line `MENU` above the labels makes it wait for a choice, so only menus have one.  After
a label that does not start it tries all others, so in a menu a sentence is no such label: with
`LOCALBOOT -1` U-Boot does nothing and asks again.  What it is to append goes through its own
substitution of variables, hence `appended`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.model.command_line import UNPRINTABLE

LONGEST = 511
"""Characters of a command line that every U-Boot takes: its smallest buffer has 512."""
LABEL_LETTERS = 120
_SPECIAL = re.compile(r"[\\'$]")
_UNTOLD = re.compile(r"\\[\\'$]")


@dataclass(frozen=True, slots=True)
class Label:
    """One entry; without a kernel it is a sentence, or the machine's own disk."""

    name: str
    said: str
    kernel: str = ""
    initrd: str = ""
    tree: str = ""  # "" leaves the one that U-Boot has
    append: str = ""
    local: bool = False
    back: bool = False  # picked, it leads back to the question


def config(labels: Sequence[Label], *, title: str = "", default: str = "", seconds: int = 0) -> str:
    """The file.  With a `title` the machine shows a menu, for so many seconds; 0 is for ever."""
    lines = ["# Made by Nixie for this boot."]
    if title:
        lines.append(f"MENU TITLE {_line(title)}")
    if title and seconds:
        lines.append(f"TIMEOUT {seconds * 10}")
    lines.append(f"DEFAULT {default or labels[0].name}")
    for label in labels:
        lines += _label(label)
    return "\n".join(lines) + "\n"


def sentences(*said: str) -> tuple[Label, ...]:
    """Labels that only say something."""
    return tuple(Label(f"nixie-{number}", one) for number, one in enumerate(said, start=1))


def appended(words: Sequence[str]) -> str:
    r"""A command line as U-Boot passes it on unchanged.  Raises ValueError with a sentence.

    >>> appended(["init=/x", "a=$b", "c='d'"])
    "init=/x a=\\$b c=\\'d\\'"
    """
    line = " ".join(words)
    if _UNTOLD.search(line):
        raise ValueError("the kernel command line has a backslash that U-Boot would obey")
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", line)


def _label(label: Label) -> list[str]:
    lines = [f"LABEL {label.name}", f"  MENU LABEL {_line(label.said)}"]
    if label.local or label.back:
        return [*lines, f"  LOCALBOOT {-1 if label.back else 1}"]
    if not label.kernel:
        return lines
    lines += (
        [f"  KERNEL {label.kernel}", f"  INITRD {label.initrd}"]
        if label.initrd
        else [f"  KERNEL {label.kernel}"]
    )
    if label.tree:
        lines.append(f"  FDT {label.tree}")
    return [*lines, f"  APPEND {label.append}"]


def _line(text: str) -> str:
    return UNPRINTABLE.sub("?", text)[:LABEL_LETTERS].strip() or "?"
