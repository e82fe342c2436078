"""What two generations are made of, as real Nix says it: here, on a builder, on a laptop."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.actions.contents import packages
from appliance.model.compare_closures import Contents
from tests.live.builder_room import ready
from tests.live.git_server import commit
from tests.live.nix_place import NIX, OLD_NIX, Place, place
from tests.live.push_place import laptop
from tests.live.ssh_server import SSHD
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
    pytest.mark.skipif(not SSHD.exists(), reason="sshd is not unpacked here"),
]

HALF_MEGABYTE = "b head -c 500000 /dev/zero"


def system(*packages: str) -> dict[str, str | bytes]:
    """Ember with these packages, each of half a megabyte, in its system and so in its store."""
    files = flake("ember", stamp=" ".join(packages))
    made = " ".join(f'(run "{one}" "{HALF_MEGABYTE} > $out")' for one in packages)
    files["flake.nix"] = (
        str(files["flake.nix"])
        .replace("build = {", "build = rec {")
        .replace('"echo store of', '"echo ${toplevel} > /dev/null; echo store of')
        .replace(
            '"b mkdir $out; echo > $out/init"',
            f'"b mkdir $out; echo ${{toString [ {made} ]}} > $out/init"',
        )
    )
    return files


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def written(here: Place, name: str, *packages: str) -> Path:
    folder = here.flake(name, system(*packages))
    commit(folder)
    return folder


def built(here: Place, name: str, *packages: str) -> str:
    """The host of a repository with these packages, as its first generation."""
    source = here.add(f"git+file://{written(here, name, *packages)}")
    row = here.built(f"{source}/ember")
    assert row.state == "built", row.what
    return f"{source}/ember"


def again(here: Place, host: str, name: str, *packages: str) -> None:
    """The same with others, as its second."""
    written(here, name, *packages)
    here.refresh(host.partition("/")[0])
    here.until_generation(host, 2)


def compared(here: Place, host: str) -> Contents | str:
    """The newest generation against the one before."""
    after, before = (here.image(one.image) for one in here.generations(host)[:2])
    return packages(here.desk.reads, before, after, ("the first", "the second"))


def test_the_package_that_is_another_is_named_with_sizes(here: Place) -> None:
    host = built(here, "other", "filament-1.0", "glass-2.0", "anode-3")
    again(here, host, "other", "filament-1.1", "glass-2.0", "grid-4")
    found = compared(here, host)
    assert isinstance(found, Contents)
    (filament,) = found.changed
    assert (filament.name, filament.before, filament.after) == ("filament", ("1.0",), ("1.1",))
    assert [(one.name, one.after) for one in found.added] == [("grid", ("4",))]
    assert [(one.name, one.before) for one in found.removed] == [("anode", ("3",))]
    assert 500_000 <= found.added[0].grown < 501_000
    assert found.removed[0].grown == -found.added[0].grown
    assert 1_500_000 < found.before < found.after + 1_000
    assert found.rebuilt == 1  # the system itself


def test_the_sizes_are_those_of_nix(here: Place) -> None:
    host = built(here, "sizes", "filament-7.0")
    image = here.image(here.generations(host)[0].image)
    noted = here.desk.reads.closure(image.id)
    assert noted is not None
    paths = here.client("nix-store", "--query", "--requisites", image.toplevel).split()
    sizes = here.client("nix-store", "--query", "--size", *paths).split()
    assert noted == {
        path.removeprefix("/nix/store/"): int(size) for path, size in zip(paths, sizes, strict=True)
    }


@pytest.mark.parametrize("nix", [NIX, OLD_NIX], ids=["new", "old"])
def test_an_untrusted_builder_says_what_it_built(here: Place, nix: Path) -> None:
    name = f"away-{nix.parts[-4]}"
    with ready(here, nix=nix) as (kiln, _):
        host = built(here, name, f"{name}-1", "filament-1.0")
        again(here, host, name, f"{name}-1", "filament-1.2")
        found = compared(here, host)
        assert here.builds(host)[0].builder == "kiln"
        image = here.image(here.generations(host)[0].image)
        assert kiln.has(image.toplevel)
    assert not here.store.file(image.toplevel).exists()
    assert isinstance(found, Contents), found
    (filament,) = found.changed
    assert (filament.name, filament.before, filament.after) == ("filament", ("1.0",), ("1.2",))


def test_a_laptop_says_what_it_pushed(here: Place) -> None:
    host = built(here, "pushed", "filament-1.0", "glass-2.0")
    folder = here.flake("pushed", system("filament-1.3", "glass-2.0"))
    with laptop(here) as bench:
        done = bench.push(f"{folder}#ember", "--to", host)
    assert done.returncode == 0, done.stderr
    here.until_generation(host, 2)
    found = compared(here, host)
    assert isinstance(found, Contents), found
    assert [(one.name, one.after) for one in found.changed] == [("filament", ("1.3",))]


def test_a_system_that_no_store_has_is_published_without_a_note(here: Place) -> None:
    folder = here.flake("unknown", flake("ember"))  # nothing of it needs its system
    commit(folder)
    source = here.add(f"git+file://{folder}")
    row = here.built(f"{source}/ember")
    assert row.state == "built", row.what
    image = here.image(str(row.image))
    assert here.desk.reads.closure(image.id) is None
    said = packages(here.desk.reads, image, image, ("it", "it"))
    assert str(said).startswith("Nobody noted what it and it are made of")


def test_a_note_goes_with_its_image(here: Place) -> None:
    host = built(here, "tidied", "filament-1.0")
    kept = here.generations(host)[0].image
    stray = here.state / f"published/closures/{'0' * 64}.json"
    stray.write_text("{}")
    here.kill_role()
    here.start_role()
    until(lambda: not stray.exists(), "what belongs to no image is gone")
    assert here.desk.reads.closure(kept)
