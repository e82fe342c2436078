"""A real sshd on 127.0.0.1 that gives repositories to whoever has the deploy key.

It runs as a user of its own in a mount namespace where that user has a name: nothing of it is
installed, and nobody else sees it.
"""

import os
import shlex
import signal
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
ListenAddress {address}
LogLevel VERBOSE
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
    log: Path
    address: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"git+ssh://git@{self.address}:{self.port}"

    @property
    def scan(self) -> str:
        return f"-p {self.port} {self.address}"

    def scanned(self) -> str:
        """What the owner pastes: ssh-keyscan's own words."""
        return subprocess.run(
            ["ssh-keyscan", "-T", "60", *self.scan.split()],
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def fresh_key(place: Path) -> str:
    """A new pair without a passphrase; returns the private one."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)]
    subprocess.run(words, check=True)
    return place.read_text()


@contextmanager
def ssh_serving(
    folder: Path, address: str = "127.0.0.1", front: tuple[str, ...] = ()
) -> Iterator[SshServer]:
    """Serve for the length of a block; `folder` is a new one for its keys, `front` how to enter the
    namespace that has the address."""
    folder.mkdir()
    port = free_port()
    fresh_key(folder / "host")
    deploy_key = fresh_key(folder / "deploy")
    (folder / "sshd_config").write_text(
        CONFIGURATION.format(address=address, port=port, folder=folder)
    )
    (folder / "passwd").write_text(f"git:x:{UID}:{UID}::{folder}:/bin/sh\n")
    for one in (folder, *folder.iterdir()):
        os.chown(one, UID, UID)
    become = ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", "--"]
    serve = [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")]
    named = shlex.join(["mount", "--bind", str(folder / "passwd"), "/etc/passwd"])
    words = [
        *front,
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

    def listens() -> bool:
        return "listening on" in (folder / "log").read_text()

    try:
        until(lambda: listens(), f"sshd listens: {(folder / 'log').read_text()}")
        yield SshServer(port, deploy_key, folder / "log", address)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
