"""`nixie host push` from a laptop with a Nix of its own, over HTTP, to the real pipeline."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.model.images import StoreFile
from tests.live.git_server import commit
from tests.live.nix_place import NIX, Place, place
from tests.live.push_place import Laptop, laptop, news
from tests.live.test_nix import flake, served
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="module")
def bench(here: Place) -> Iterator[Laptop]:
    with laptop(here) as made:
        yield made


def started(here: Place, name: str) -> tuple[Path, str]:
    """A repository whose host is served as generation 1, and that host."""
    folder = here.flake(name, flake("ember"))
    commit(folder)
    source = here.add(f"git+file://{folder}")
    host = f"{source}/ember"
    assert here.built(host).state == "built"
    until(lambda: host in here.table().hosts, "it is served")
    return folder, host


def edited(folder: Path, stamp: str) -> None:
    """A change that nobody commits."""
    for name, text in flake("ember", stamp=stamp).items():
        if isinstance(text, str):
            (folder / name).write_text(text)


def numbers(here: Place, host: str) -> list[int]:
    return [one.number for one in here.table().hosts[host].generations]


def test_a_dirty_tree_is_what_machines_run_next(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "dirty")
    edited(folder, "by hand")
    done = bench.push(f"{folder}#ember", "--to", host)
    assert done.returncode == 0, done.stderr
    assert "generation 2, on trial" in done.stdout
    until(lambda: numbers(here, host) == [2, 1], "machines get it")
    newest = here.generations(host)[0]
    assert (newest.state, newest.rev) == ("trial", "pushed")
    image = here.image(newest.image)
    assert image.provenance.locked.endswith("-dirty")
    for part in image.parts:
        assert hashlib.sha256(served(part)).hexdigest() == part.sha256
    files = [s for part in image.parts for s in part.segments if isinstance(s, StoreFile)]
    assert all(Path(one.file).parent == here.state / "published/files" for one in files)


def test_only_what_changed_is_sent(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "again")
    edited(folder, "one")
    assert bench.push(f"{folder}#ember", "--to", host).returncode == 0
    edited(folder, "two")
    done = bench.push(f"{folder}#ember", "--to", host)
    assert "generation 3" in done.stdout, done.stderr
    newest, before = (here.image(one.image) for one in here.generations(host)[:2])
    assert news(newest, before) in done.stderr


def test_the_same_once_more_is_no_new_generation(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "same")
    edited(folder, "same")
    assert bench.push(f"{folder}#ember", "--to", host).returncode == 0
    done = bench.push(f"{folder}#ember", "--to", host)
    assert done.returncode == 0, done.stderr
    assert "is what generation 2 is already" in done.stdout
    assert numbers(here, host) == [2, 1]


def test_a_look_without_news_leaves_what_was_pushed(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "kept")
    edited(folder, "mine")
    assert bench.push(f"{folder}#ember", "--to", host).returncode == 0
    here.refresh(host.partition("/")[0])
    assert here.generations(host)[0].rev == "pushed"
    assert not [one for one in here.builds(host) if one.state in {"queued", "running"}]


def test_what_is_committed_after_it_comes_in_its_place(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "committed")
    edited(folder, "first by hand")
    assert bench.push(f"{folder}#ember", "--to", host).returncode == 0
    edited(folder, "then for good")
    commit(folder)
    here.refresh(host.partition("/")[0])
    until(lambda: len(here.generations(host)) == 3, "the commit is built")
    assert here.generations(host)[0].rev != "pushed"


def test_a_host_that_does_not_build_is_not_pushed(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "broken")
    (folder / "flake.nix").write_text('throw "not today"')
    done = bench.push(f"{folder}#ember", "--to", host)
    assert done.returncode == 1
    assert "Nothing was pushed" in done.stderr
    assert "must be an attribute set" in done.stderr
    assert numbers(here, host) == [1]


def test_only_an_owners_token_pushes(here: Place) -> None:
    folder, host = started(here, "guarded")
    edited(folder, "stranger")
    with laptop(here, "write") as helper:
        done = helper.push(f"{folder}#ember", "--to", host)
    assert done.returncode == 1
    assert "needs the scope 'admin'" in done.stderr
    assert numbers(here, host) == [1]


def test_what_was_pushed_outlives_a_garbage_collection_of_both(here: Place, bench: Laptop) -> None:
    folder, host = started(here, "collected")
    edited(folder, "kept")
    assert bench.push(f"{folder}#ember", "--to", host).returncode == 0
    here.collect_garbage()
    for part in here.image(here.generations(host)[0].image).parts:
        assert hashlib.sha256(served(part)).hexdigest() == part.sha256
