"""A builder for live tests: a real sshd, a real nix-daemon, and a store of its own.

It stands for another computer on 127.0.0.1: its user has a name only in the mount namespace of its
sshd, what it builds lies in its own folder, and it lets nobody in before a key is given to it.
"""

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.model.installed import Installed
from services.nix.daemon import bounds_for, conf_for, daemon_request
from services.nix.driver import memory_installed
from services.nix.store import Store, store_in
from services.nix.versions import version
from tests.live.ssh_server import PEER, SSHD, fresh_key
from tests.live.standing import free_port
from tests.live.waiting import until

UID = 61191
USER = "kiln"
CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv {variables}
"""


@dataclass
class BuilderHost:
    """One builder; `sshd` and `daemon` are its processes, None while they are stopped."""

    folder: Path
    store: Store
    installed: Installed
    port: int
    trusted: bool = False
    settings: str = ""  # more lines of its nix.conf
    path: str = ""  # where sessions look for programs; "": where nix is, too
    sshd: subprocess.Popen[bytes] | None = None
    daemon: subprocess.Popen[bytes] | None = None

    @property
    def fingerprint(self) -> str:
        """What its owner reads on it."""
        words = ["ssh-keygen", "-l", "-f", str(self.folder / "host.pub")]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return said.split()[1]

    def let_in(self, *lines: str) -> None:
        """Write its authorized_keys."""
        place = self.folder / "authorized_keys"
        place.write_text("".join(f"{line}\n" for line in lines))
        os.chown(place, UID, UID)

    def new_host_key(self) -> None:
        """Become another computer at the same address."""
        self.stop_sshd()
        for name in ("host", "host.pub"):
            (self.folder / name).unlink(missing_ok=True)
        fresh_key(self.folder / "host")
        self.start_sshd()

    def start_sshd(self) -> None:
        told = {
            "PATH": self.path or f"{self.store.nix.parent}:/usr/bin:/bin",
            "NIX_REMOTE": self.store.uri,
            "NIX_CONF_DIR": str(self.store.conf),
        }
        text = CONFIGURATION.format(
            port=self.port,
            folder=self.folder,
            variables=" ".join(f'"{name}={value}"' for name, value in told.items()),
        )
        (self.folder / "sshd_config").write_text(text)
        (self.folder / "passwd").write_text(f"{USER}:x:{UID}:{UID}::{self.folder}:/bin/sh\n")
        for name in ("host", "host.pub", "sshd_config", "passwd"):
            os.chown(self.folder / name, UID, UID)
        become = ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups", "--"]
        serve = [str(SSHD), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        named = shlex.join(["mount", "--bind", str(self.folder / "passwd"), "/etc/passwd"])
        script = f"{named} && exec {shlex.join(become + serve)}"
        libraries = [str(PEER / one / "x86_64-linux-gnu") for one in ("usr/lib", "lib")]
        with (self.folder / "log").open("ab") as log:
            self.sshd = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", script],
                env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join(libraries)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self._listens(), f"sshd listens: {(self.folder / 'log').read_text()}")

    def stop_sshd(self) -> None:
        """The computer is gone: sshd and every session end at once."""
        if self.sshd is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.sshd.pid, signal.SIGKILL)
            self.sshd.wait(60)
            self.sshd = None
            until(lambda: not self._listens(), "sshd has let go of its port")

    def start_daemon(self) -> None:
        conf = conf_for(self.installed, self.store, cores=2, extra_users=(str(UID), USER))
        known = version(
            subprocess.run(
                [str(self.store.nix), "--version"], capture_output=True, text=True, check=True
            ).stdout
        )
        asked = daemon_request(self.store, conf, known, bounds_for(memory_installed()))
        for folder in asked.folders:
            folder.path.mkdir(parents=True, exist_ok=True)
            folder.path.chmod(folder.mode)
        for path, text in asked.files.items():
            if self.trusted:
                text = text.replace("trusted-users = root", f"trusted-users = root {UID}")
            path.write_text(text + self.settings if path.name == "nix.conf" else text)
        with (self.folder / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                asked.argv, env=dict(asked.env), stdout=log, stderr=log, start_new_session=True
            )
        until(self._answers, "the builder's daemon listens")

    def stop_daemon(self) -> None:
        if self.daemon is not None:
            os.killpg(self.daemon.pid, signal.SIGTERM)
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:  # it can miss that just before it listens again
                os.killpg(self.daemon.pid, signal.SIGKILL)
                self.daemon.wait(60)
            self.daemon = None

    def stop(self) -> None:
        self.stop_sshd()
        self.stop_daemon()

    def has(self, path: str) -> bool:
        """Is a store path in the builder's store?"""
        return self.store.file(path).exists()

    def freeze(self, *, on: bool) -> None:
        """Its network is cut: sshd and every session stand still, and nobody says so."""
        assert self.sshd is not None
        told: list[int] = []
        while fresh := [one for one in _below(self.sshd.pid) if one not in told]:
            told += fresh  # and once more: a session may have begun meanwhile
            for pid in fresh:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP if on else signal.SIGCONT)

    def working(self) -> list[str]:
        """What runs below its daemon."""
        return _commands(self.daemon)

    def asked(self) -> list[str]:
        """What runs below its sshd."""
        return _commands(self.sshd)

    def _listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            return asking.connect_ex(str(self.store.socket)) == 0


@contextmanager
def builder(
    folder: Path,
    installed: Installed,
    *,
    trusted: bool = False,
    settings: str = "",
    nix: Path | None = None,
    store_bytes: int = 0,
) -> Iterator[BuilderHost]:
    """A builder that runs for the length of a block, in a new folder; `nix` instead of our own,
    `store_bytes`: its store on a disk of that size."""
    installed = replace(installed, nix=nix or installed.nix)
    folder.mkdir()
    state = folder / "state"
    (state / "store").mkdir(parents=True)
    if store_bytes:
        options = f"size={store_bytes},mode=0755"
        words = ["mount", "-t", "tmpfs", "-o", options, "nixie-test", str(state / "store")]
        subprocess.run(words, check=True)
    (state / "store/nix").mkdir()
    (state / "run").mkdir()
    own = installed.nix or installed.home
    made = BuilderHost(
        folder,
        store_in(state, own, system_store=False),
        installed,
        free_port(),
        trusted,
        settings,
    )
    try:
        fresh_key(folder / "host")
        made.let_in()
        made.start_daemon()
        made.start_sshd()
        yield made
    finally:
        made.stop()
        if store_bytes:
            subprocess.run(["umount", "-l", str(state / "store")], check=False)


def _commands(process: subprocess.Popen[bytes] | None) -> list[str]:
    assert process is not None
    found = []
    for pid in _below(process.pid)[1:]:
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            found.append(b" ".join(words).decode(errors="replace").strip())
    return found


def _below(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found
