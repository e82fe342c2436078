"""For live tests of pushing: the router's admin over HTTP, and a laptop with a Nix of its own."""

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from appliance.actions import access
from appliance.cli.words import size
from appliance.model.images import Image, StoreFile
from appliance.roles import GROUP
from tests.live.nix_place import CHECKOUT, NIX, OWNER, Place
from tests.live.standing import free_port
from tests.live.waiting import until
from webui.app import application

CONF = """
build-users-group =
sandbox = false
substituters =
"""


@dataclass
class Laptop:
    """Another computer: its /nix is its own, and it has the router's address and a token."""

    folder: Path
    url: str
    token: str

    def push(self, what: str, *more: str) -> subprocess.CompletedProcess[str]:
        """`nixie host push`, by a shell whose /nix is the laptop's."""
        argv = [sys.executable, "-m", "appliance", "host", "push", what, *more]
        argv += ["--url", self.url, "--token", self.token]
        bind = (
            f"mount --bind {shlex.quote(str(self.folder / 'nix'))} /nix && exec {shlex.join(argv)}"
        )
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", bind],
            cwd=CHECKOUT,
            env={
                "PATH": f"{NIX.parent}:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": str(self.folder),
                "NIX_CONF_DIR": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=300,
        )


@contextmanager
def laptop(here: Place, scope: str = "admin") -> Iterator[Laptop]:
    """A laptop beside a pipeline whose admin answers on loopback."""
    pushed = here.state / "pushed"
    pushed.mkdir(exist_ok=True)
    os.chown(pushed, 0, GROUP[1])
    pushed.chmod(0o2750)
    folder = here.folder / f"laptop-{scope}"
    (folder / "nix").mkdir(parents=True)
    (folder / "nix.conf").write_text(CONF)
    port = free_port()
    config = uvicorn.Config(
        application(here.desk, here.installed), host="127.0.0.1", port=port, log_level="warning"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the admin answers")
        token = access.make_token(here.desk, OWNER, f"laptop {scope}", scope)
        yield Laptop(folder, f"http://127.0.0.1:{port}", token.secret)
    finally:
        server.should_exit = True
        thread.join(10)


def news(newer: Image, older: Image) -> str:
    """What a push says when it sends the files that `older` has not, and no other."""
    has, had = _files(newer), _files(older)
    new = {name: length for name, length in has.items() if name not in had}
    assert 0 < len(new) < len(has)
    return f"{size(sum(new.values()))} of {size(sum(has.values()))} were new to the router"


def _files(image: Image) -> dict[str, int]:
    """Length by name, which is the hash of the bytes."""
    parts = (*image.parts, *image.thin)
    found = [one for part in parts for one in part.segments if isinstance(one, StoreFile)]
    return {Path(one.file).name: one.size for one in found}
