"""Enough of iPXE to follow a script: which commands run, in which order, given what fails.

`&&` and `||` bind as iPXE's do: the command after `&&` runs when the last one succeeded, after `||`
when it failed, and a line whose last command failed ends the script.
"""

from collections.abc import Callable, Mapping

OLD_COMMANDS = frozenset(
    [
        "echo",
        "set",
        "isset",
        "iseq",
        "inc",
        "sleep",
        "goto",
        "exit",
        "dhcp",
        "chain",
        "kernel",
        "initrd",
        "imgfetch",
        "imgfree",
        "boot",
        "sanboot",
        "menu",
        "item",
        "choose",
        "shell",
        "cpuid",
    ]
)
"""What a build of 2019 knows."""

MENU_COMMANDS = frozenset({"menu", "item", "choose"})

SETS: Mapping[str, Callable[[list[str], dict[str, str]], tuple[str, str]]] = {
    "set": lambda words, _: (words[0].split(":")[0], " ".join(words[1:])),
    "inc": lambda words, known: (words[0], str(int(known[words[0]]) + 1)),
    "choose": lambda words, _: (words[-1], words[words.index("--default") + 1]),
}
"""Commands that leave a value behind → (setting, value)."""


class Ended(Exception):
    """The script ended by itself: "exit 1", "chain …", "boot", or "aborted: …"."""


def follow(
    text: str,
    fails: Callable[[str], bool] = lambda _command: False,
    settings: dict[str, str] | None = None,
    steps: int = 400,
) -> list[str]:
    """The commands carried out, then how it ended as the last entry."""
    lines = text.splitlines()
    assert lines[0] == "#!ipxe"
    labels = {line[1:].strip(): number for number, line in enumerate(lines) if line[:1] == ":"}
    known = dict(settings or {})
    done: list[str] = []
    at = 1
    while at < len(lines) and len(done) < steps:
        try:
            at = _line(lines[at], at, labels, known, done, fails)
        except Ended as end:
            return [*done, str(end)]
    return [*done, "end"]


def commands(text: str) -> list[tuple[str, bool]]:
    """Every command of a script, and whether its failure is taken care of on its line."""
    found = []
    for line in text.splitlines()[1:]:
        if not line.strip() or line.startswith(":"):
            continue
        words = line.split(" ")
        found.append((words[0], "||" in words))
    return found


def _line(
    line: str,
    at: int,
    labels: dict[str, int],
    known: dict[str, str],
    done: list[str],
    fails: Callable[[str], bool],
) -> int:
    if not line.strip() or line.startswith(":"):
        return at + 1
    ok, run = True, True
    for operator, command in _parts(line):
        run = {"": True, "&&": ok, "||": not ok}[operator]
        if not run:
            continue
        if not command:
            ok = True
            continue
        command = _expand(command, known)
        done.append(command)
        ok, jump = _command(command, labels, known, fails)
        if jump is not None:
            return jump
    if not ok:
        raise Ended(f"aborted: {line}")
    return at + 1


def _parts(line: str) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    words: list[str] = []
    operator = ""
    for word in line.split():
        if word in ("&&", "||"):
            parts.append((operator, " ".join(words)))
            operator, words = word, []
        else:
            words.append(word)
    return [*parts, (operator, " ".join(words))]


def _command(
    command: str, labels: dict[str, int], known: dict[str, str], fails: Callable[[str], bool]
) -> tuple[bool, int | None]:
    name, *rest = command.split()
    if name not in OLD_COMMANDS or fails(command):
        known["errno"] = "0x2d0c613b"
        return False, None
    if name == "goto":
        return True, labels[rest[0]]
    if name in SETS:
        setting, value = SETS[name](rest, known)
        known[setting] = value
    if name == "iseq":
        return rest[0] == rest[1] if len(rest) == 2 else False, None
    if name == "isset":
        return bool(rest), None
    if name in ("exit", "boot", "chain"):
        raise Ended(command)
    return True, None


def _expand(command: str, known: dict[str, str]) -> str:
    while (start := command.rfind("${")) >= 0:
        stop = command.find("}", start)
        if stop < 0:
            return command
        name = command[start + 2 : stop].split(":")[0]
        command = command[:start] + known.get(name, "") + command[stop + 1 :]
    return command
