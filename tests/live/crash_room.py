"""A router whose roles end themselves on demand, a client on its LAN, and one host to build."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.model.table import Table, table_from_json
from appliance.store.open import reader
from tests.live.lan_client import LanClient
from tests.live.namespaces import run
from tests.live.standing import CHECKOUT, Router, made, print_logs, removed
from tests.live.waiting import until

HOST = "ember"
MAC = "52:54:00:63:72:01"
FLAKE = """
{
  outputs = { self }:
    let
      shell = builtins.path { path = ./bin; name = "shell"; };
      run = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "${shell}/busybox";
        args = [ "sh" "-euc" ("b() { ${shell}/busybox \\"$@\\"; }; " + script) ];
      };
      ember = {
        config = {
          system = {
            build = {
              kernel = run "kernel" "b mkdir $out; echo kernel > $out/bzImage";
              initialRamdisk = run "initrd" "b mkdir $out; printf ramdisk > $out/initrd";
              squashfsStore = run "squashfs" "echo store STAMP > $out";
              netbootRamdisk = run "netboot" "exit 1"; # what makes it native; nobody builds it
              toplevel = run "system" "b mkdir $out; echo STAMP > $out/init";
            };
            boot.loader.kernelFile = "bzImage";
            nixos.release = "26.05";
          };
          networking.hostName = "ember";
          boot = {
            kernelParams = [ ];
            initrd = { kernelModules = [ "overlay" ]; luks.devices = { }; };
          };
          fileSystems = { };
          specialisation = { };
          systemd.services = { };
        };
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        extendModules = _: ember;
      };
    in
    { nixosConfigurations = { inherit ember; }; };
}
"""


@dataclass
class CrashRoom:
    """The router, the folder that arms its faults, and the id of its one source."""

    router: Router
    faults: Path
    source: str = ""
    stamps: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    hit: set[str] = field(default_factory=set)

    @property
    def host(self) -> str:
        return f"{self.source}/{HOST}"

    @property
    def lan(self) -> str:
        """The clients' namespace."""
        return f"{self.router.prefix}-lan"

    @contextmanager
    def ends(self, point: str) -> Iterator[None]:
        """What is done in the block makes the role end itself at `point`.

        Leaves when the role is gone; it comes `back` when it is told to.
        """
        role = point.partition(".")[0]
        before = self.router.role(role)
        (self.faults / point).touch()
        yield
        until((self.faults / f"{point}.hit").exists, f"{point} is reached")
        self.hit.add(point)
        until(lambda: self.router.role(role)["restarts"] > before["restarts"], f"{role} is gone")
        assert "signal 9" in str(self.router.role(role))

    def back(self, role: str) -> None:
        """Let the role go on, and wait until it runs."""
        (self.faults / f"{role}.wait").unlink(missing_ok=True)
        until(lambda: self.router.role(role)["state"] == "runs", f"{role} is back")
        if role == "web":
            until(self.router.answers, "the API answers")

    def rows(self, file: str, question: str, *values: Any) -> list[Any]:
        """What is in a role's file."""
        with closing(reader(self.router.state / file)) as connection:
            return connection.execute(question, values).fetchall()

    # ── the LAN ──────────────────────────────────────────────────────────────────────────────────

    def exchange(self, number: int) -> str:
        """DHCP of a client with its own MAC: the address it was acknowledged, or "none"."""
        return run(*self._client(number)).strip()

    @contextmanager
    def asking(self, number: int) -> Iterator[None]:
        """Such a client beside the block; it is gone afterwards."""
        client = subprocess.Popen(self._client(number), stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            client.kill()
            client.wait()

    def _client(self, number: int) -> tuple[str, ...]:
        script = str(CHECKOUT / "tests/live/dhcp_exchange.py")
        words = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, script, "dev0", str(number))
        return ("ip", "netns", "exec", self.lan, *words)

    def curl(self, path: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """A request to the boot role from the LAN."""
        return subprocess.run(
            ["ip", "netns", "exec", self.lan, "curl", "-s", "-m", "20", *options,
             f"http://10.77.0.1{path}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def script(self) -> str:
        """The boot script of our machine, "" when nobody answered."""
        return self.curl(f"/s/{MAC.replace(':', '-')}").stdout

    # ── the host ─────────────────────────────────────────────────────────────────────────────────

    @property
    def flake(self) -> Path:
        return self.router.home / "flakes/few"

    def change(self) -> None:
        """Another revision of the flake: its next build is a new generation."""
        self.flake.joinpath("flake.nix").write_text(FLAKE.replace("STAMP", str(next(self.stamps))))

    def table(self) -> Table:
        text = (self.router.state / "published/table.json").read_text()
        return table_from_json(json.loads(text))

    def served(self) -> list[str]:
        """The images that the table names for our host, newest first."""
        found = self.table().hosts.get(self.host)
        return [one.image for one in found.generations] if found else []

    def generations(self) -> list[str]:
        """The images that build.db has, newest first."""
        asked = "SELECT image FROM generation WHERE host = ? ORDER BY number DESC"
        return [image for (image,) in self.rows("build.db", asked, self.host)]

    def manifests(self) -> set[str]:
        """The images that are published."""
        return {one.stem for one in (self.router.state / "published/images").glob("*.json")}

    def address(self) -> str:
        """Where our machine phones home, from a fresh script."""
        found = until(
            lambda: re.search(r"nixie\.boot=http://10\.77\.0\.1(\S+)", self.script()),
            "there is a script",
        )
        return found[1]


@contextmanager
def crash_room() -> Iterator[CrashRoom]:
    """Everything, running, with one host built and one machine that boots it."""
    router = made("crash")
    room = CrashRoom(router, router.home / "faults")
    room.faults.mkdir()
    room.faults.chmod(0o777)  # every role's user takes its points away
    (router.state / "store/nix").mkdir(parents=True)
    try:
        router.start(f"faults={room.faults}")
        LanClient(router).plug_in()
        furnish(room)
        yield room
    except BaseException:
        print_logs(router)
        raise
    finally:
        router.stop()
        removed(router)


def furnish(room: CrashRoom) -> None:
    (room.flake / "bin").mkdir(parents=True)
    shutil.copy(str(shutil.which("busybox")), room.flake / "bin/busybox")
    room.change()
    client = room.router.client
    client.post("/directories", {"path": str(room.flake.parent)})
    new = {"url": f"path:{room.flake}", "interval_seconds": 0}
    room.source = client.post("/sources", new)["subject"]
    until(room.served, "the host is built", 300)
    client.put(f"/machines/{MAC}/intent", {"host": room.host, "name": "anvil"})
    until(lambda: MAC in room.table().macs, "the table names the machine")
    until(lambda: room.exchange(100) != "none", "dhcp has listened for others")
