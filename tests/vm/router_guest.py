"""What runs in the router VM: it obeys the test outside, line by line.

A line in is a JSON object with an `id` and what to `do`; a line out has the same `id` and the
answer.  Each is done in a thread of its own, so a slow command holds up no other.
"""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from appliance.cli.client import Client, Failed, Where

PORTS = Path("/sys/class/virtio-ports")
CARDS = Path("/sys/class/net")
TAIL_BYTES = 1 << 20  # of what a command said


def run(argv: list[str], given: str, seconds: float) -> dict[str, Any]:
    """Run a command to its end: its exit code and its words; 124 when it took too long."""
    try:
        done = subprocess.run(
            argv, input=given.encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        return {"code": 124, "out": _text(late.stdout), "err": _text(late.stderr)}
    except OSError as error:
        return {"code": 127, "out": "", "err": str(error)}
    return {"code": done.returncode, "out": _text(done.stdout), "err": _text(done.stderr)}


def start(argv: list[str], log: str, env: dict[str, str]) -> dict[str, Any]:
    """Start a command that stays; its words go to the end of the file `log`."""
    with open(log, "ab") as words:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env={**os.environ, **env},
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()
    return {"pid": process.pid}


def read(path: str) -> dict[str, Any]:
    """What a file says; nothing when it is not there."""
    try:
        return {"text": Path(path).read_text(errors="replace")}
    except OSError:
        return {"text": ""}


def rows(file: str, question: str) -> dict[str, Any]:
    """What a database answers; nothing while it is not there, not yet made, or busy."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as one:
            return {"rows": one.execute(question).fetchall()}
    except sqlite3.OperationalError as error:
        if "no such column" in str(error):  # never to be answered
            raise
        return {"rows": []}


def ask(
    state: str, method: str, path: str, more: list[Any], query: dict[str, Any]
) -> dict[str, Any]:
    """Ask the router's API, as root on the box may."""
    client = Client(Where(Path(state)))
    try:
        return {"answer": getattr(client, method)(path, *more, **query)}
    except Failed as failed:
        return {"code": failed.code, "sentences": list(failed.sentences)}
    finally:
        client.close()


def name(cards: dict[str, str], spaces: dict[str, str]) -> dict[str, Any]:
    """Call each card, known by its MAC, as it shall be called, in the namespace it belongs to."""
    for space in sorted(set(spaces.values())):
        _ip("netns", "add", space)
        _ip("-n", space, "link", "set", "lo", "up")
    _ip("link", "set", "lo", "up")
    here = {(one / "address").read_text().strip(): one.name for one in CARDS.iterdir()}
    for mac, wanted in cards.items():
        _ip("link", "set", here[mac], "name", wanted)
        if wanted in spaces:
            _ip("link", "set", wanted, "netns", spaces[wanted])
            _ip("-n", spaces[wanted], "link", "set", wanted, "up")
    return {}


DEEDS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "run": run,
    "start": start,
    "read": read,
    "rows": rows,
    "ask": ask,
    "name": name,
}


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _text(said: bytes | None) -> str:
    return (said or b"")[-TAIL_BYTES:].decode(errors="replace")


def _port() -> str:
    """The device of the serial port that QEMU calls by our name."""
    (found,) = (one for one in PORTS.iterdir() if (one / "name").read_text().strip() == "test")
    return f"/dev/{found.name}"


def main() -> None:
    """Obey until the machine is switched off."""
    line = os.open(_port(), os.O_RDWR)
    lock = threading.Lock()

    def answer(asked: dict[str, Any]) -> None:
        ident, what = asked.pop("id"), asked.pop("do")
        try:
            found = DEEDS[what](**asked)
        except Exception as error:  # the test outside says it
            found = {"fault": f"{type(error).__name__}: {error}"}
        say({"id": ident, **found})

    def say(told: dict[str, Any]) -> None:
        rest = json.dumps(told).encode() + b"\n"
        with lock:
            while rest:
                rest = rest[os.write(line, rest) :]

    say({"id": 0})
    heard = b""
    while piece := os.read(line, 1 << 16):
        heard += piece
        *lines, heard = heard.split(b"\n")
        for one in lines:
            threading.Thread(target=answer, args=(json.loads(one),), daemon=True).start()
    sys.exit("the test hung up")


if __name__ == "__main__":
    main()
