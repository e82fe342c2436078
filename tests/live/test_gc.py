"""The garbage collector runs between every two steps from a flake's address to its image."""

import os
from pathlib import Path

import pytest

from appliance.model.images import Literal
from tests.live.git_server import serving
from tests.live.nix_place import NIX, ROLE, Place, place
from tests.live.test_nix import archive, flake, locked

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

COLLECTING = ROLE.replace(
    "asyncio.run(",
    """
from services.nix.driver import Nix

ASKED = set()

class Collecting(Nix):
    # Collects garbage after whatever was done.  Before an answer could be rooted only the first
    # time it is given: the second try must come through.

    async def ask(self, verb, args, hear=None):
        answer = await Nix.ask(self, verb, args, hear)
        if (verb, args.get("host")) not in ASKED:
            ASKED.add((verb, args.get("host")))
            await collected(self, verb)
        return answer

    async def keep(self, paths, root):
        told = await Nix.keep(self, paths, root)
        await collected(self, f"root {root.name}" if told is None else f"lost {root.name}")
        return told

    async def keep_derivations(self, drvs, root):
        told = await Nix.keep_derivations(self, drvs, root)
        await collected(self, f"root {root.name}" if told is None else f"lost {root.name}")
        return told

    async def realise(self, *given, **more):
        told = await Nix.realise(self, *given, **more)
        await collected(self, "realise")
        return told

async def collected(nix, after):
    process = await asyncio.create_subprocess_exec(
        nix.store.program("nix-store"), "--gc",
        env=dict(nix.store.environment(str(nix.home))),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    with (state / "sources/collected").open("a") as file:
        print(after, file=file, flush=True)

serve.Nix = Collecting
asyncio.run(""",
    1,
)


def steps(made: Place) -> list[str]:
    """After which steps garbage was collected."""
    return (made.state / "sources/collected").read_text().splitlines()


def test_garbage_collected_between_every_two_steps_costs_nothing_but_a_second_try() -> None:
    with place(role=False) as made, serving(made.flakes) as server:
        archive(made.flake("fleet", flake("two")), made.flakes / "fleet.tar.gz")
        folder = locked(made, "outer", f"http://{server}/fleet.tar.gz")
        made.collect_garbage()
        made.start_role(COLLECTING)
        source = made.add(f"path:{folder}")
        row = made.settled(source)
        assert (row.state, row.what) == ("ready", "")
        build = made.built(f"{source}/two")
        assert build.state == "built", build.what
        assert steps(made) == [
            *("resolve", "lost tree", "root tree"),
            *("lost inputs", "input", "root input-0"),
            *("adapter", "lost tree", "root tree"),
            "names",
            *("look", "lost drv", "root drv"),
            "realise",
        ]
        made.collect_garbage()
        for part in made.image(str(build.image)).parts:
            for one in part.segments:
                assert isinstance(one, Literal) or Path(one.file).stat().st_size == one.size
