"""The developer's loop in QEMU: edit, push from a computer with a Nix of its own, boot.

What is pushed names units that it needs: with them it is good, without them it falls short.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.nix_place import CHECKOUT, NIX
from tests.live.push_place import news
from tests.live.waiting import until
from tests.vm.lab import BUILD_SECONDS, Workshop, built, looked_at, switched_on
from tests.vm.test_healing import Flake, page

pytestmark = pytest.mark.vm

MAC = "52:54:00:70:75:73"
HOST = "hosts/crucible.nix"
UNCHANGED = {"linux", "busybox", "squashfs-tools"}
"""What no edit of a host changes: the largest of what is built for it."""
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
            timeout=3 * BUILD_SECONDS,
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


def made(said: str) -> set[str]:
    """The names of what Nix had to build for a push."""
    return set(re.findall(r"building '/nix/store/[a-z0-9]{32}-(\S+?)(?:-[\d.]+\S*)?\.drv'", said))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces")
def test_an_edit_is_one_push_and_one_boot_away_from_running(
    workshop: Workshop, host: tuple[str, Flake]
) -> None:
    ident, flake = host
    client = workshop.router.client
    laptop = Laptop(workshop.router.home / "laptop", workshop)
    workshop.assign(MAC, "edited", host=ident)
    needs_mill(flake, "exit 7")
    first = laptop.push(flake.place, "phoenix", ident)
    assert "generation 2, on trial" in first
    with switched_on(workshop, MAC, "bios", name="edited") as machine:
        row = workshop.ends(machine, "short")
    assert (row.generation, row.diagnosis) == (2, "unit-not-active")
    html = page(workshop, f"/boots/{row.id}")
    assert "mill.service failed." in html
    assert "grinding" in html

    needs_mill(flake, "true")
    said = laptop.push(flake.place, "phoenix", ident)
    assert "generation 3, on trial" in said
    assert made(first) >= UNCHANGED
    assert made(said) < made(first) - UNCHANGED
    with switched_on(workshop, MAC, "bios", name="edited") as machine:
        assert workshop.ends(machine, "up").generation == 3
    assert len(client.get("/builds", host=ident)) == 1  # the router itself built generation 1 only
    states = {one["number"]: one for one in client.get("/images", host=ident)}
    assert (states[3]["state"], states[3]["served"]) == ("good", True)
    newest, before = (workshop.image_of(states[number]["image"]) for number in (3, 2))
    assert news(newest, before) in said
