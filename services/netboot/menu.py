"""The iPXE menu: hosts, their specialisations, previous images, the disk, the shell.

A default and a time-out are always set when the owner gave one: a machine without keyboard or
screen must not wait for ever.  Without a default host the local disk is the default.  A build
without menus takes the default at once.
"""

from services.netboot.choice import Show
from services.netboot.script import TRIES, Urls, literal, report

LABEL_LETTERS = 68  # what fits on a line of 80 columns


def menu(urls: Urls, shown: Show) -> str:
    """The menu as a script."""
    seconds = shown.menu.timeout_seconds
    timeout = f" --timeout {seconds * 1000}" if seconds > 0 else ""
    lines = [
        "#!ipxe",
        f"set base {urls.base}",
        "set tries:int32 0",
        ":menu",
        f"set picked {shown.default}",
        f"menu Nixie: {_label(shown.menu.name)} || goto go",
        *(_item(entry.key, entry.label) for entry in shown.entries),
        *_gap("Earlier images", bool(shown.earlier)),
        *(_item(entry.key, entry.label) for entry in shown.earlier),
        *(f"item --gap -- {_label(sentence)}" for sentence in shown.waiting),
        *_gap("This machine", True),
        _item("local", "Start from the local disk"),
        _item("shell", "iPXE shell"),
        _item("menu", "Ask Nixie again"),
        f"choose --default {shown.default}{timeout} picked || goto left",
        ":go",
        f"chain --autofree --replace {urls.boot}/pick/${{picked}} ||",
        "set why ${errno}",
        "set at pick",
        report(urls),
        "echo Nixie: ${picked} could not be fetched (error ${why}). The menu comes back.",
        "sleep 3 ||",
        "inc tries ||",
        f"iseq ${{tries}} {TRIES} && exit 1 ||",
        f"chain --autofree --replace {urls.again} ||",
        "goto menu",
        ":left",
        "echo Nixie: the iPXE shell. Leave it with exit; the menu comes back.",
        "shell ||",
        f"chain --autofree --replace {urls.again} ||",
        "goto menu",
    ]
    return "\n".join(lines) + "\n"


def keys(shown: Show) -> frozenset[str]:
    """The image keys this menu offers."""
    return frozenset(entry.key for entry in (*shown.entries, *shown.earlier))


def _item(key: str, label: str) -> str:
    return f"item {key} {_label(label)}"


def _gap(label: str, wanted: bool) -> list[str]:
    return [f"item --gap -- {label}"] if wanted else []


def _label(text: str) -> str:
    return literal(text)[:LABEL_LETTERS]
