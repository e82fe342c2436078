"""The owner's caches over real HTTP: added, tried, ordered, private, tampered with, and gone."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.actions import caches
from appliance.actions.desk import Done
from appliance.events import CacheBack, CacheLost, Event
from appliance.model.caches import Said, wanted
from appliance.store import build_facts, cache_states
from appliance.store.builds import BuildRow
from appliance.store.cache_states import LOST, READY, UNFIT, CacheState
from services.nix.recipe import from_json
from services.nix.supply.kept import driver as kept
from tests.live.git_server import TOKEN, serving
from tests.live.nix_place import NIX, OWNER, Place, place
from tests.live.standing import free_port, standing
from tests.live.test_caches import STRANGER, key
from tests.live.test_nix import flake
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]
HOST = flake("slow", stamp="supply")
HOST["flake.nix"] = str(HOST["flake.nix"]).replace("b sleep 300; echo > $out", "echo x > $out")


@dataclass(frozen=True)
class Shelf:
    """A cache that has everything of HOST, below a folder that is served."""

    root: Path
    key: str
    paths: tuple[str, ...]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    root = tmp_path_factory.mktemp("shelf")
    with place() as made:
        source = made.add(f"path:{made.flake('cached', HOST)}")
        row = made.built(f"{source}/slow")
        assert row.state == "built", row.what
        public = key(made.folder).strip()
        links = sorted(made.store.roots.glob("builds/*/out*"))
        paths = tuple(os.readlink(link) for link in links)
        target = f"file://{root}/cache?secret-key={made.folder}/secret&compression=none"
        made.client("nix", "copy", "--to", target, *paths)
    (root / "private").mkdir()
    shutil.copytree(root / "cache", root / "private/cache")
    return Shelf(root, public, paths)


@pytest.fixture
def server(shelf: Shelf) -> Iterator[str]:
    with serving(shelf.root) as there:
        yield f"http://{there}"


@pytest.fixture
def here() -> Iterator[Place]:
    with place() as made:
        yield made


def state(here: Place, ident: str) -> CacheState:
    return (here.look(cache_states.states) or {}).get(ident) or CacheState(ident)


def tried(here: Place, done: Done) -> CacheState:
    """Wait for what an act asked for."""
    until(
        lambda: any(getattr(one, "wish", "") == done.wish for one in here.events()),
        f"an answer to {done.what}",
    )
    return state(here, done.subject)


def added(here: Place, url: str, keys: str, user: str = "", password: str = "") -> CacheState:
    said = Said(url, keys, user, password)
    return tried(here, caches.save_cache(here.desk, OWNER, "", said))


def steps(found: CacheState) -> list[tuple[str, str]]:
    return [(one.step, one.state) for one in found.steps]


def looked_at(here: Place) -> str:
    """A host of the same content as the cached one, not built yet."""
    source = here.add(f"path:{here.flake(uuid.uuid4().hex, HOST)}")
    here.settled(source)
    return f"{source}/slow"


def obeyed(here: Place) -> None:
    """What the supervisor does when the daemon's settings changed: start it anew."""
    asked = wanted(here.desk.reads.caches())
    until(lambda: kept.read(kept.text(here.store)) == asked, "the daemon's settings are changed")
    here.restart_daemon()


def again(here: Place, host: str) -> BuildRow:
    row = here.built(host)
    assert row.state == "built", row.what
    return row


def told(here: Place, kind: type[Event], ident: str) -> int:
    return sum(isinstance(one, kind) and one.cache == ident for one in here.events())  # type: ignore[attr-defined]


# ── tried ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_cache_with_the_right_key_is_ready(here: Place, shelf: Shelf, server: str) -> None:
    host = looked_at(here)
    here.built(host)
    found = added(here, f"{server}/cache", shelf.key)
    assert (found.state, found.what) == (READY, "")
    assert steps(found) == [("reach", "ok"), ("store", "ok"), ("key", "ok")]
    assert "is signed with the key you gave, lan-1." in found.steps[-1].what


def test_a_wrong_key_is_said_with_the_name_of_the_right_one(here: Place, server: str) -> None:
    here.built(looked_at(here))
    found = added(here, f"{server}/cache", STRANGER)
    assert (found.state, steps(found)[-1]) == (UNFIT, ("key", "bad"))
    assert found.what.startswith("It signs as lan-1, and you gave the key of stranger-1")
    another = f"lan-1:{STRANGER.partition(':')[2]}"
    found = tried(
        here, caches.save_cache(here.desk, OWNER, found.cache, Said(f"{server}/cache", another))
    )
    assert found.what.startswith("It signs as lan-1, with another key than the one you gave")


def test_what_is_no_cache_says_so(here: Place, shelf: Shelf, server: str) -> None:
    found = added(here, f"{server}/nowhere", shelf.key)
    assert (found.state, steps(found)) == (UNFIT, [("reach", "ok"), ("store", "bad")])
    assert "This is no Nix cache" in found.what
    (shelf.root / "other").mkdir(exist_ok=True)
    (shelf.root / "other/nix-cache-info").write_text("StoreDir: /gnu/store\n")
    found = added(here, f"{server}/other", shelf.key)
    assert "It is a cache for stores at /gnu/store" in found.what


def test_a_password_is_wanted_wrong_and_right(here: Place, shelf: Shelf, server: str) -> None:
    here.built(looked_at(here))
    found = added(here, f"{server}/private/cache", shelf.key)
    assert (found.state, steps(found)[-1]) == (UNFIT, ("login", "bad"))
    assert found.what.startswith("It wants a user and a password (401).")
    said = Said(f"{server}/private/cache", shelf.key, "lan", "wrong-word")
    found = tried(here, caches.save_cache(here.desk, OWNER, found.cache, said))
    assert found.what.startswith("It does not let lan in (401).")
    said = Said(f"{server}/private/cache", shelf.key, "lan", TOKEN)
    found = tried(here, caches.save_cache(here.desk, OWNER, found.cache, said))
    assert (found.state, found.what) == (READY, "")
    assert [one for one, _ in steps(found)] == ["reach", "login", "store", "key"]


def test_it_is_asked_whether_it_has_a_path_or_a_host(
    here: Place, shelf: Shelf, server: str
) -> None:
    host = looked_at(here)
    here.built(host)
    found = added(here, f"{server}/cache", shelf.key)
    answer = tried(here, caches.ask_cache(here.desk, OWNER, found.cache, shelf.paths[0])).answer
    assert answer.startswith("It has ")
    assert answer.endswith(" bytes unpacked.")
    absent = "/nix/store/kgw7rg3s82zrnm48y5g0c0y0vqmq1sz9-absent"
    answer = tried(here, caches.ask_cache(here.desk, OWNER, found.cache, absent)).answer
    assert answer == "It does not have absent."
    answer = tried(here, caches.ask_cache(here.desk, OWNER, found.cache, "slow")).answer
    assert answer.startswith("Of slow, it has 3 of 3 paths of the image: "), answer


# ── in builds ─────────────────────────────────────────────────────────────────────────────────────


def test_a_cache_that_is_added_while_the_daemon_runs_is_asked(
    here: Place, shelf: Shelf, server: str
) -> None:
    caches.save_cache(here.desk, OWNER, "", Said(f"{server}/cache", shelf.key))
    obeyed(here)
    row = again(here, looked_at(here))
    assert "begun" not in here.log(row)


def test_a_private_cache_gives_what_would_be_built(here: Place, shelf: Shelf, server: str) -> None:
    said = Said(f"{server}/private/cache", shelf.key, "lan", TOKEN)
    done = caches.save_cache(here.desk, OWNER, "", said)
    obeyed(here)
    tried(here, done)
    row = again(here, looked_at(here))
    log = here.log(row)
    assert "begun" not in log
    assert "paths came from 127.0.0.1:" in log


def test_the_password_is_nowhere_but_in_its_file(here: Place, shelf: Shelf, server: str) -> None:
    said = Said(f"{server}/private/cache", shelf.key, "lan", TOKEN)
    done = caches.save_cache(here.desk, OWNER, "", said)
    obeyed(here)
    tried(here, done)
    again(here, looked_at(here))
    words = ["grep", "-rlF", TOKEN, str(here.state), str(here.folder / "said.log")]
    found = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
    (file,) = found
    assert Path(file).parent == here.state / "secrets/web/caches"
    assert Path(file).stat().st_mode & 0o777 == 0o640
    assert TOKEN not in str(here.events())


def test_what_was_tampered_with_is_built(here: Place, shelf: Shelf, tmp_path: Path) -> None:
    bad = tmp_path / "cache"
    shutil.copytree(shelf.root / "cache", bad)
    for nar in (bad / "nar").iterdir():
        content = bytearray(nar.read_bytes())
        content[-40] ^= 1
        nar.write_bytes(content)
    tmp_path.chmod(0o755)
    with serving(tmp_path) as there:
        done = caches.save_cache(here.desk, OWNER, "", Said(f"http://{there}/cache", shelf.key))
        obeyed(here)
        tried(here, done)
        row = again(here, looked_at(here))
    assert "begun" in here.log(row)


def test_a_private_cache_that_was_tampered_with_is_said_and_built(
    here: Place, shelf: Shelf, tmp_path: Path
) -> None:
    bad = tmp_path / "private/cache"
    shutil.copytree(shelf.root / "cache", bad)
    for nar in (bad / "nar").iterdir():
        content = bytearray(nar.read_bytes())
        content[-40] ^= 1
        nar.write_bytes(content)
    with serving(tmp_path) as there:
        said = Said(f"http://{there}/private/cache", shelf.key, "lan", TOKEN)
        done = caches.save_cache(here.desk, OWNER, "", said)
        obeyed(here)
        tried(here, done)
        row = again(here, looked_at(here))
    assert "gave nothing: " in here.log(row)
    assert "begun" in here.log(row)


def test_a_dead_cache_costs_a_build_nothing_and_is_told_once(here: Place, shelf: Shelf) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/cache"
    with serving(shelf.root, port):
        done = caches.save_cache(here.desk, OWNER, "", Said(url, shelf.key))
        obeyed(here)
        assert tried(here, done).state == READY
    ident = done.subject
    until(lambda: state(here, ident).state == LOST, "it is missed")
    row = again(here, looked_at(here))
    assert "begun" in here.log(row)
    assert told(here, CacheLost, ident) == 1
    with serving(shelf.root, port):
        until(lambda: told(here, CacheBack, ident), "it is noticed again")
        assert state(here, ident).state == READY


def test_of_two_caches_the_one_of_the_owners_choice_is_asked_first(
    here: Place, shelf: Shelf
) -> None:
    shutil.copytree(shelf.root / "cache", shelf.root / "second")
    asked: list[str] = []
    with serving(shelf.root, asked=asked) as there:
        added(here, f"http://{there}/cache", shelf.key)
        second = added(here, f"http://{there}/second", shelf.key)
        _asked_first(here, second, asked)


def _asked_first(here: Place, second: CacheState, asked: list[str]) -> None:
    caches.move_cache(here.desk, OWNER, second.cache, up=True)
    names = ["second", "cache"]
    assert [one.name.rpartition("/")[2] for one in here.desk.reads.caches()] == names
    until(
        lambda: [one.url.rpartition("/")[2] for one in kept.read(kept.text(here.store))] == names,
        "the daemon is told",
    )
    here.restart_daemon()
    row = again(here, looked_at(here))
    assert "begun" not in here.log(row)
    archives = {one.split("/")[1] for one in asked if "/nar/" in one}
    assert archives == {"second"}


def test_what_a_removed_cache_signs_is_not_taken(here: Place, shelf: Shelf, server: str) -> None:
    done = caches.save_cache(here.desk, OWNER, "", Said(f"{server}/cache", shelf.key))
    obeyed(here)
    tried(here, done)
    caches.remove_cache(here.desk, OWNER, done.subject)
    obeyed(here)
    row = again(here, looked_at(here))
    assert "begun" in here.log(row)
    host = from_json(here.look(lambda it: build_facts.look(it, row.host)).recipe)
    assert host.outputs


# ── the whole router ──────────────────────────────────────────────────────────────────────────────


def test_a_router_starts_its_daemon_anew_with_another_cache(shelf: Shelf, server: str) -> None:
    with standing("supply") as router:
        conf = router.state / "nix/nix.conf"
        until(conf.exists, "the daemon has settings")
        assert "substituters = https://cache.nixos.org?priority=10\n" in conf.read_text()
        before = until(lambda: router.role("nix-daemon").get("pid"), "the daemon runs")
        router.client.post("/caches/nixos/off")
        done = router.client.post("/caches", {"url": f"{server}/cache", "keys": shelf.key})
        line = f"substituters = {server}/cache?priority=10\n"
        until(lambda: line in conf.read_text(), "the daemon has other settings")
        until(lambda: router.role("nix-daemon").get("pid") not in (None, before), "it runs anew")
        told = f"{shelf.key}\n"
        assert f"trusted-public-keys = {told}" in conf.read_text()
        wish = f"/wishes/{done['wish']}"
        until(lambda: router.client.get(wish)["state"] == "done", "it is tried")
        (_, found) = router.client.get("/caches")
        assert (found["state"], found["what"]) == ("ready", "")
