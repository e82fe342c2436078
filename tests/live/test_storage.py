"""The disk that images lie on: generations that go, what that frees, and builds that wait."""

import os
import shutil
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance.actions import images
from appliance.actions import storage as deeds
from appliance.events import GenerationsLetGo, StoreFreed, StoreFull, StoreRoomy
from appliance.model.storage import FULL, ROOMY, Storage
from appliance.store import boots, outlooks, storages
from appliance.store import generations as standings
from appliance.store.open import writer
from tests.live.nix_place import NIX, OWNER, Place, place
from tests.live.test_caches import large
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

MEBIBYTE = 1 << 20


def stands(here: Place) -> Storage:
    found = here.look(storages.storage)
    return found if isinstance(found, Storage) else Storage()


def another(number: int, megabytes: int = 3) -> dict[str, str | bytes]:
    """A flake whose host has a store of that size, which shares nothing with another's."""
    files = large(str(number), megabytes)
    text = str(files["flake.nix"]).replace("/dev/zero", "/dev/urandom")
    files["flake.nix"] = text.replace(
        f"count={megabytes}", f"count={megabytes}; echo {number} >> $out"
    )
    return files


def generation(here: Place, source: str, number: int, megabytes: int = 3) -> None:
    """Build one more of the host `slow`, with a store of that size."""
    here.flake("large", another(number, megabytes))
    if number > 1:
        here.refresh(source)
    host = f"{source}/slow"
    until(
        lambda: any(one.number == number for one in here.generations(host)),
        f"generation {number}",
    )


def numbers(here: Place, source: str) -> list[int]:
    return [one.number for one in here.generations(f"{source}/slow")]


def told(here: Place, kind: type[StoreFreed | GenerationsLetGo | StoreFull]) -> list[str]:
    return [str(one.what) for one in here.events() if isinstance(one, kind)]


def test_older_generations_go_with_their_files_and_it_is_said_before_what_that_frees() -> None:
    with place() as here:
        with closing(writer(here.state / "boot.db", boots.MIGRATIONS)) as boot:
            for file in here.state.glob("boot.db*"):
                file.chmod(0o666)
            here.flake("large", another(1))
            source = here.add(f"path:{here.flakes / 'large'}")
            for number in range(1, 5):
                generation(here, source, number)
            first = here.generations(f"{source}/slow")[-1]
            standings.pin(boot, f"{source}/slow", first.image, 0.0)
            choice = until(
                lambda: next(
                    (one for one in stands(here).choices if one.keep == 1 and one.generations), None
                ),
                "it is weighed",
            )
            until(lambda: deeds.choice(here.desk, 1), "web knows")
        assert choice.what in ("2 of slow", "3 of slow")
        files = [Path(one.file) for one in here.image(first.image).part("initrd").segments
                 if hasattr(one, "file")]  # fmt: skip
        done = deeds.keep_generations(here.desk, OWNER, 1)
        assert "of slow go, which frees about" in done.what
        until(lambda: numbers(here, source) == [4, 1], "those that nobody needs go")
        freed = until(lambda: told(here, StoreFreed), "it is freed")
        assert freed[0].endswith("of the store's disk are free again.")
        assert told(here, GenerationsLetGo) == ["2 old generations are let go: 2 of slow."]
        assert all(one.exists() for one in files)
        assert {one.number for one in here.table().hosts[f"{source}/slow"].generations} == {1, 4}
        before = here.collect_garbage()
        assert "freed" in before
        assert all(one.exists() for one in files), "a pinned image keeps its files"
        manifests = {one.stem for one in (here.state / "published/images").glob("*.json")}
        assert manifests == {one.image for one in here.generations(f"{source}/slow")}
        again = here.flake("large", another(5))
        assert again.exists()
        here.refresh(source)
        until(lambda: numbers(here, source) == [5, 1], "a publication lets the one before go")


def test_what_was_said_is_what_is_freed() -> None:
    with place() as here:
        here.flake("large", another(1, 8))
        source = here.add(f"path:{here.flakes / 'large'}")
        for number in (1, 2, 3):
            generation(here, source, number, 8)
        choice = until(
            lambda: next(
                (one for one in stands(here).choices if one.keep == 1 and one.generations == 2),
                None,
            ),
            "it is weighed",
        )
        assert 16 * MEBIBYTE <= choice.bytes < 20 * MEBIBYTE
        here.collect_garbage()
        deeds.keep_generations(here.desk, OWNER, 1)
        until(lambda: numbers(here, source) == [3], "two go")
        (freed,) = until(lambda: told(here, StoreFreed), "it is freed")
        assert int(freed.split(" ")[0]) in range(15, 21), freed


def filled(here: Place, ballast: Path) -> bool:
    """Leave 2 MiB of the disk free, also of what Nix has let go of its own reserve meanwhile."""
    more = shutil.disk_usage(here.store.root).free - 2 * MEBIBYTE
    if more > 0:
        with suppress(OSError), ballast.open("ab") as file:  # Nix was faster: once more
            os.posix_fallocate(file.fileno(), file.tell(), more)
    return True


def test_builds_wait_while_the_disk_is_full_then_go_on_by_themselves() -> None:
    with place(store_bytes=64 * MEBIBYTE, min_free=0, max_free=0) as here:
        ballast = here.store.root / "nix/ballast"
        behind = here.add(f"path:{here.flake('behind', flake('ember'))}") + "/ember"
        assert here.built(behind).state == "built"
        files = flake("slow")
        files["flake.nix"] = str(files["flake.nix"]).replace("b sleep 300", "b sleep 20")
        busy = here.add(f"path:{here.flake('busy', files)}") + "/slow"
        until(lambda: here.builds(busy)[0].state == "running", "one runs")
        images.build_host(here.desk, OWNER, behind)
        until(lambda: filled(here, ballast) and stands(here).state == FULL, "the disk is full")
        assert told(here, StoreFull)
        assert here.built(busy).state == "built"
        waiting = here.builds(behind)[0]
        assert waiting.state == "queued"
        said = until(lambda: here.builds(behind)[0].what, "it says why it waits")
        assert "builds wait, what is published is served" in said
        until(lambda: here.table().hosts[busy].generations, "what was built is served")
        ballast.unlink()
        row = here.built(behind)
        assert (row.id, row.state) == (waiting.id, "unchanged")
        assert any(isinstance(one, StoreRoomy) for one in here.events())
        assert stands(here).state == ROOMY


def test_a_build_that_takes_the_last_of_the_disk_is_ended_before_that() -> None:
    with place(store_bytes=40 * MEBIBYTE, min_free=0, max_free=0) as here:
        files = flake("ember", "slow")
        files["flake.nix"] = str(files["flake.nix"]).replace(
            "echo begun; b sleep 300; echo > $out",
            "b dd if=/dev/zero of=$out bs=1M count=24; while true; do"
            " b dd if=/dev/zero bs=32k count=1 >> $out 2> /dev/null; b sleep 0.05; done",
        )
        source = here.add(f"path:{here.flake('greedy', files)}")
        row = here.built(f"{source}/slow")
        assert row.state == "failed"
        assert row.what.startswith("The disk of the store is full. The build took ")
        assert "which the router needs itself" in row.what
        assert here.built(f"{source}/ember").state == "built"
        kept = [one for one in here.look(outlooks.timings) if not one.whole]
        assert [one.host for one in kept] == [f"{source}/slow"]
        assert kept[0].disk > 20 * MEBIBYTE
