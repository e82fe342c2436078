"""A host whose newest generation dies: the machine that resets itself is back on the last good one.

Real Nix builds both, QEMU resets when the kernel panics, real firmware asks again.
"""

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from appliance.generations import FAILURES
from tests.live.waiting import until
from tests.vm.lab import (
    BOOT_SECONDS,
    BOOTS,
    BUILD_SECONDS,
    SAMPLE,
    Workshop,
    built,
    looked_at,
    switched_on,
)

pytestmark = pytest.mark.vm

MAC = "52:54:00:76:6e:01"
STAGE_2 = "nixos/modules/stage-2.sh"
FLAKE = """{
  outputs = { self }: {
    nixosConfigurations.phoenix = import ./nixos/lib/eval-config.nix
      { lib = import ./lib; parts = ./parts; } { modules = [ ./hosts/crucible.nix ]; };
  };
}
"""


class Flake:
    """The sample with one host, in a repository of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        shutil.copytree(SAMPLE, place, ignore=shutil.ignore_patterns(".git"))
        (place / "flake.nix").write_text(FLAKE)
        self.git("init", "-q")
        self.commit("The host as it should be")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=owner", "-c", "user.email=owner@example.org")
        subprocess.run(
            ["git", "-c", "safe.directory=*", *who, "-C", str(self.place), *words], check=True
        )

    def commit(self, what: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", what)

    def dies(self) -> None:
        """Its init ends as soon as the root is there; the kernel panics for that."""
        file = self.place / STAGE_2
        text = file.read_text()
        assert 'say "stage 2 started"\n' in text
        file.write_text(text.replace('say "stage 2 started"\n', 'say "stage 2 dies"\nexit 1\n'))
        self.commit("A mistake")


@pytest.fixture
def host(workshop: Workshop) -> Iterator[tuple[str, Flake]]:
    """The host's id, with its first generation, and its flake."""
    flake = Flake(workshop.router.home / "phoenix")
    client = workshop.router.client
    client.post("/directories", {"path": str(flake.place)})
    url = f"git+file://{flake.place}"
    asked = {"url": url, "name": "phoenix", "as_built": False, "interval_seconds": 0}
    source = client.post("/sources", asked)["subject"]
    ident = f"{source}/phoenix"
    until(looked_at(workshop.router, ident), "it has its verdict", BUILD_SECONDS)
    until(built(workshop.router, ident), "it is built", BUILD_SECONDS)
    yield ident, flake
    client.delete(f"/sources/{source}")
    shutil.rmtree(flake.place)


def page(workshop: Workshop, path: str) -> str:
    """A page of the admin, for its owner."""
    token = workshop.router.client.post("/tokens", {"name": "pages"})["secret"]
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(workshop.router.url + path, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def answered(workshop: Workshop, wish: str) -> bool:
    found = workshop.router.client.get(f"/wishes/{wish}")
    assert found["state"] != "refused", found
    return bool(found["state"] == "done")


def test_a_generation_whose_init_dies_makes_room_for_the_last_good_one(
    workshop: Workshop, host: tuple[str, Flake]
) -> None:
    ident, flake = host
    router = workshop.router
    workshop.assign(MAC, "phoenix", host=ident)
    with switched_on(workshop, MAC, "bios", name="phoenix") as machine:
        assert workshop.ends(machine, "up").generation == 1

    flake.dies()
    router.client.post(f"/sources/{ident.partition('/')[0]}/refresh")
    until(
        lambda: router.client.get(f"/hosts/{ident}")["generation"] == 2,
        "it is built",
        BUILD_SECONDS,
    )

    with switched_on(workshop, MAC, "bios", name="phoenix", restarts=True) as machine:
        machine.says("stage 2 dies")

        def healed() -> bool:
            row = workshop.boot_of(MAC)
            return row is not None and (row.state, row.generation) == ("up", 1)

        until(lambda: healed() or machine.over.is_set(), "it is up", BOOTS * BOOT_SECONDS)
        until(healed, "the router knows of it")
    boots = router.client.get("/boots", mac=MAC)
    served = [row["generation"] for row in boots if row["generation"]]  # once it was known
    assert served == [1] + [2] * FAILURES + [1]
    states = {one["number"]: one for one in router.client.get("/images", host=ident)}
    assert (states[2]["state"], states[2]["served"]) == ("bad", False)
    assert (states[1]["state"], states[1]["served"]) == ("good", True)
    (told,) = router.client.get("/journal", kind="GenerationBad")["events"]
    assert "The last good one, generation 1 is served from now on." in told["what"]
    html = page(workshop, f"/hosts/{ident}")
    assert "Generation 1, the last good one, is served, because generation 2 is bad." in html
    assert f'href="/boots/{told["facts"]["boot"]}"' in html
    for press, body in (
        ("try-again", {"generation": 2}),
        ("pin", {"generation": 1}),
        ("unpin", {}),
    ):
        wish = router.client.post(f"/hosts/{ident}/{press}", body)["wish"]
        until(partial(answered, workshop, wish), f"boot did {press}")
    (newest, _) = router.client.get("/images", host=ident)
    assert (newest["state"], newest["served"], newest["pinned"]) == ("trial", True, False)
    why = page(workshop, f"/boots/{told['facts']['boot']}")
    assert "All parts were sent and acknowledged." in why
