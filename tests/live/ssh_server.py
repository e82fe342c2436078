"""A real sshd on 127.0.0.1 that gives repositories to whoever has the deploy key.

It runs as a user of its own in a mount namespace where that user has a name: nothing of it is
installed, and nobody else sees it.
"""

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live.standing import INSTALLED, free_port
from tests.live.waiting import until

PEER = INSTALLED / "peers/sshd"
SSHD = PEER / "usr/sbin/sshd"
UID = 61190
CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/deploy.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


@dataclass(frozen=True)
class SshServer:
    """Where it listens, what an owner reads from it, and the key that it lets in."""

    port: int
    deploy_key: str

    @property
    def url(self) -> str:
        return f"git+ssh://git@127.0.0.1:{self.port}"

    @property
    def scan(self) -> str:
        return f"-p {self.port} 127.0.0.1"

    def scanned(self) -> str:
        """What the owner pastes: ssh-keyscan's own words."""
        return subprocess.run(
            ["ssh-keyscan", *self.scan.split()], capture_output=True, text=True, check=True
        ).stdout


def fresh_key(place: Path) -> str:
    """A new pair without a passphrase; returns the private one."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)]
    subprocess.run(words, check=True)
    return place.read_text()


@contextmanager
def ssh_serving(folder: Path) -> Iterator[SshServer]:
    """Serve for the length of a block; `folder` is a new one for its keys."""
    folder.mkdir()
    port = free_port()
    fresh_key(folder / "host")
    deploy_key = fresh_key(folder / "deploy")
    (folder / "sshd_config").write_text(CONFIGURATION.format(port=port, folder=folder))
    (folder / "passwd").write_text(f"git:x:{UID}:{UID}::{folder}:/bin/sh\n")
    for one in (folder, *folder.iterdir()):
        os.chown(one, UID, UID)
    become = ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", "--"]
    serve = [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")]
    named = shlex.join(["mount", "--bind", str(folder / "passwd"), "/etc/passwd"])
    words = [
        "unshare",
        "--mount",
        "--",
        "sh",
        "-c",
        f"{named} && exec {shlex.join(become + serve)}",
    ]
    libraries = [str(PEER / one / "x86_64-linux-gnu") for one in ("usr/lib", "lib")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            words,
            env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join(libraries)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(lambda: _listens(port), f"sshd listens: {(folder / 'log').read_text()}")
        yield SshServer(port, deploy_key)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
