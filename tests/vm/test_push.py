"""The developer's loop in QEMU: edit, push from a computer with a Nix of its own, boot.

What is pushed names units that it needs: with them it is good, without them it falls short.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.nix_place import CHECKOUT, NIX
from tests.live.waiting import until
from tests.vm.lab import BUILD_SECONDS, Workshop, built, looked_at, switched_on
from tests.vm.test_healing import Flake, page

pytestmark = pytest.mark.vm

MAC = "52:54:00:70:75:73"
HOST = "hosts/crucible.nix"
MILL = """
  nixie.health.units = [ "mill.service" ];
  systemd.services.mill = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig.Type = "oneshot";
    script = "echo grinding; %s";
  };
}
"""


class Laptop:
    """Another computer: its /nix is its own."""

    def __init__(self, folder: Path, workshop: Workshop) -> None:
        self.folder, self.workshop = folder, workshop
        (folder / "nix").mkdir(parents=True)
        (folder / "nix.conf").write_text("build-users-group =\nsandbox = false\nsubstituters =\n")

    def push(self, flake: Path, host: str, to: str) -> str:
        """`nixie host push`; what it said."""
        state = str(self.workshop.router.state)
        argv = [sys.executable, "-m", "appliance", "host", "push", f"{flake}#{host}", "--to", to]
        inside = shlex.join([*argv, "--state", state])
        bind = f"mount --bind {shlex.quote(str(self.folder / 'nix'))} /nix && exec {inside}"
        done = subprocess.run(
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
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def host(workshop: Workshop) -> Iterator[tuple[str, Flake]]:
    """The host's id, with its first generation, and its flake."""
    flake = Flake(workshop.router.home / "pushed")
    client = workshop.router.client
    client.post("/directories", {"path": str(flake.place)})
    asked = {"url": f"git+file://{flake.place}", "name": "pushed", "interval_seconds": 0}
    source = client.post("/sources", asked)["subject"]
    ident = f"{source}/phoenix"
    until(looked_at(workshop.router, ident), "it has its verdict", BUILD_SECONDS)
    until(built(workshop.router, ident), "it is built", BUILD_SECONDS)
    yield ident, flake
    client.delete(f"/sources/{source}")
    shutil.rmtree(flake.place)


def needs_mill(flake: Flake, script: str) -> None:
    """The host needs a mill, which does that; nobody commits it."""
    flake.git("checkout", "-q", "--", HOST)
    file = flake.place / HOST
    text = file.read_text().rstrip()
    assert text.endswith("}")
    file.write_text(text.removesuffix("}") + MILL % script)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces")
def test_what_is_edited_runs_in_seconds(workshop: Workshop, host: tuple[str, Flake]) -> None:
    ident, flake = host
    laptop = Laptop(workshop.router.home / "laptop", workshop)
    workshop.assign(MAC, "phoenix", host=ident)
    needs_mill(flake, "exit 7")
    assert "generation 2, on trial" in laptop.push(flake.place, "phoenix", ident)
    with switched_on(workshop, MAC, "bios", name="phoenix") as machine:
        row = workshop.ends(machine, "short")
    assert (row.generation, row.diagnosis) == (2, "unit-not-active")
    html = page(workshop, f"/boots/{row.id}")
    assert "mill.service failed." in html
    assert "grinding" in html

    began = time.monotonic()
    needs_mill(flake, "true")
    said = laptop.push(flake.place, "phoenix", ident)
    pushed = time.monotonic()
    assert "generation 3, on trial" in said
    with switched_on(workshop, MAC, "bios", name="phoenix") as machine:
        assert workshop.ends(machine, "up").generation == 3
    up = time.monotonic()
    print(said)
    print(f"edited → pushed {pushed - began:.1f} s → booted and well {up - pushed:.1f} s")
    states = {one["number"]: one for one in workshop.router.client.get("/images", host=ident)}
    assert (states[3]["state"], states[3]["served"]) == ("good", True)
