"""The pipeline from a flake's address to published images, with real Nix and a real daemon."""

import hashlib
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance.actions import images, sources
from appliance.errors import Refused
from appliance.model.images import Literal, StoreFile
from appliance.store import boots, builds, wanted
from appliance.store.journal import transaction
from appliance.store.open import writer
from services.netboot.follow import World
from services.netboot.newest import waits
from services.nix.publish.driver import published_image
from services.nix.versions import version
from tests.live.git_server import TOKEN, commit, serving
from tests.live.nix_place import NIX, OLD_NIX, OWNER, Place, place
from tests.live.waiting import quickest, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
]

FLAKE = (Path(__file__).parents[1] / "flakes/tiny/flake.nix").read_text()
BUSYBOX = Path("/bin/busybox")
HUNGRY = ("endless", "bomb", "slow")


def flake(*hosts: str, stamp: str = "1") -> dict[str, str | bytes]:
    """The tiny flake with only these hosts."""
    chosen = " ".join(f'"{name}" = all."{name}";' for name in hosts)
    text = FLAKE.replace("nixosConfigurations = {", "nixosConfigurations = let all = {")
    last = '"odd name" = host "odd" { };\n      };'
    text = text.replace(last, f"{last} in {{ {chosen} }};")
    text = text.replace('changes.stamp or "1"', f'"{stamp}"')
    return {"flake.nix": text, "bin/busybox": BUSYBOX.read_bytes()}


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    """One pipeline for the tests that do not disturb each other."""
    with place() as made:
        yield made


def served(part: object) -> bytes:
    """The bytes a machine gets."""
    return b"".join(
        one.content if isinstance(one, Literal) else Path(one.file).read_bytes()
        for one in part.segments  # type: ignore[attr-defined]
    )


# ── from address to image ─────────────────────────────────────────────────────────────────────────


def test_a_source_becomes_an_image_whose_hashes_are_of_the_bytes_served(here: Place) -> None:
    source = here.add(f"path:{here.flake('whole', flake('ember'))}")
    assert here.settled(source).state == "ready"
    row = here.built(f"{source}/ember")
    assert row.state == "built", row.what
    image = here.image(str(row.image))
    for part in image.parts:
        assert hashlib.sha256(served(part)).hexdigest() == part.sha256
        assert len(served(part)) == part.size
    assert image.provenance.drvs["kernel"].endswith("-kernel.drv")
    assert image.provenance.nar_hash.startswith("sha256-")
    assert until(lambda: here.table().hosts.get(f"{source}/ember"), "the host is in the table")


def test_the_ramdisk_unpacks_to_the_hosts_store(here: Place) -> None:
    source = here.add(f"path:{here.flake('unpacks', flake('ember'))}")
    row = here.built(f"{source}/ember")
    initrd = served(here.image(str(row.image)).part("initrd"))
    archive = initrd[initrd.index(b"070701") :]
    done = subprocess.run(
        ["cpio", "-i", "--to-stdout", "--quiet", "nix-store.squashfs"],
        input=archive,
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"store of ember 1\n"


def test_specialisations_are_images_of_their_own(here: Place) -> None:
    source = here.add(f"path:{here.flake('special', flake('two'))}")
    here.built(f"{source}/two")
    (generation,) = here.generations(f"{source}/two")
    image = here.image(generation.specialisations["quiet"])
    assert image.command_line.endswith(" quiet")


def test_every_host_gets_its_own_verdict(here: Place) -> None:
    hosts = (
        *("throws", "environment", "current", "absolute", "circle", "imports"),
        *("unfree", "insecure", "missing", "plain", "ancient", "odd name"),
    )
    source = here.add(f"path:{here.flake('verdicts', flake(*hosts))}")
    assert here.settled(source).state == "ready"
    said = {name: str(one.reason) for name, one in here.verdicts(source).items()}
    expected = {
        "throws": "the moon is not full",
        "environment": "getEnv",
        "current": "builtins.currentSystem",
        "absolute": "outside the flake",
        "circle": "in a circle",
        "imports": "generated to be built first",
        "unfree": "unfree licence",
        "insecure": "marked as insecure",
        "missing": "nothing is missing",
        "plain": "not a NixOS configuration",
        "ancient": "without extendModules",
        "odd name": "plain name",
    }
    assert {name: part in said[name] for name, part in expected.items()} == dict.fromkeys(
        expected, True
    )
    findings = here.verdicts(source)["unfree"].findings
    assert findings[0].missing == "nixpkgs.config.allowUnfree = true;"
    assert findings[0].where.startswith("flake.nix:")


def test_a_host_may_import_from_a_derivation_when_the_owner_allows_it(here: Place) -> None:
    folder = here.flake("imports", flake("imports"))
    source = here.add(f"path:{folder}", allow_ifd=True)
    here.settled(source)
    assert here.verdicts(source)["imports"].kind == "native"


def test_served_as_built_a_host_is_unwatched(here: Place) -> None:
    source = here.add(f"path:{here.flake('as-built', flake('ember'))}", as_built=True)
    here.built(f"{source}/ember")
    assert here.generations(f"{source}/ember")[0].state == "unwatched"


def test_a_build_that_fails_says_what_the_builder_said(here: Place) -> None:
    source = here.add(f"path:{here.flake('fails', flake('fails'))}")
    row = here.built(f"{source}/fails")
    assert row.state == "failed"
    assert row.what.startswith("kernel-of-fails could not be built: the ruler is missing.")
    assert "kernel-of-fails> the ruler is missing" in here.log(row)


def test_a_kernel_that_is_a_link_out_of_the_store_is_not_served(here: Place) -> None:
    source = here.add(f"path:{here.flake('leaves', flake('leaves'))}")
    row = here.built(f"{source}/leaves")
    assert (row.state, "from the store" in row.what) == ("failed", True)


def test_a_host_for_another_processor_says_that_a_builder_is_needed(here: Place) -> None:
    source = here.add(f"path:{here.flake('foreign', flake('foreign'))}")
    row = here.built(f"{source}/foreign")
    assert row.state == "failed"
    assert row.what.startswith("It needs a builder for riscv64-linux")


# ── what is not a source ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("url", ["not a url", "nixpkgs", "./here", "-x", "path:/etc", "git://x/y"])
def test_an_address_that_is_none_is_refused_at_once(here: Place, url: str) -> None:
    with pytest.raises(Refused):
        here.add(url)


def test_a_flake_without_hosts_says_what_it_has_instead(here: Place) -> None:
    text = "{ outputs = _: { packages.x = 1; devShells.y = 2; }; }"
    source = here.add(f"path:{here.flake('hostless', {'flake.nix': text})}")
    row = here.settled(source)
    assert row.state == "unreadable"
    assert "no nixosConfigurations; it offers devShells, packages" in row.what


def test_a_folder_without_a_flake_says_so(here: Place) -> None:
    source = here.add(f"path:{here.flake('flakeless', {'readme': 'x'})}")
    assert "no flake.nix" in here.settled(source).what


def test_a_lock_older_than_its_flake_says_so(here: Place) -> None:
    text = '{ inputs.fresh.url = "github:o/r"; outputs = _: { nixosConfigurations = { }; }; }'
    lock = '{"nodes": {"root": {}}, "root": "root", "version": 7}'
    folder = here.flake("old-lock", {"flake.nix": text, "flake.lock": lock})
    what = here.settled(here.add(f"path:{folder}")).what
    assert "flake.lock is older than flake.nix" in what
    assert "fresh" in what


def test_a_folder_that_went_away_says_so(here: Place) -> None:
    folder = here.flake("gone", flake("ember"))
    source = here.add(f"path:{folder}")
    here.built(f"{source}/ember")
    shutil.rmtree(folder)
    assert "does not exist" in here.refresh(source)
    assert len(here.generations(f"{source}/ember")) == 1


@pytest.mark.parametrize(
    "url",
    [
        "git+http://127.0.0.1:9/fleet.git",
        "git+ssh://git@127.0.0.1:9/fleet.git",
        "http://127.0.0.1:9/fleet.tar.gz",
    ],
)
def test_a_host_that_does_not_answer_is_named(here: Place, url: str) -> None:
    source = here.add(url)
    assert "127.0.0.1 does not answer" in here.settled(source).what


# ── refresh ───────────────────────────────────────────────────────────────────────────────────────


def archive(folder: Path, place_: Path) -> None:
    """Pack `folder` as a .tar.gz whose top is one folder."""
    subprocess.run(["tar", "-czf", str(place_), "-C", str(folder.parent), folder.name], check=True)


def test_a_refresh_of_an_archive_really_fetches_it_again(here: Place) -> None:
    with serving(here.flakes) as server:
        folder = here.flake("packed", flake("ember"))
        archive(folder, here.flakes / "packed.tar.gz")
        source = here.add(f"http://{server}/packed.tar.gz")
        here.built(f"{source}/ember")
        here.flake("packed", flake("ember", stamp="2"))
        archive(folder, here.flakes / "packed.tar.gz")
        assert here.refresh(source).startswith("Revision ")
        until(lambda: len(here.generations(f"{source}/ember")) == 2, "a second generation")


def test_a_refresh_of_a_repository_really_fetches_it_again(here: Place) -> None:
    with serving(here.flakes) as server:
        folder = here.flake("cloned", flake("ember"))
        commit(folder)
        source = here.add(f"git+http://{server}/cloned/.git?ref=main")
        here.built(f"{source}/ember")
        here.flake("cloned", flake("ember", "two", stamp="2"))
        fresh = commit(folder)
        told = here.refresh(source)
        assert fresh[:7] in told
        assert "Host two is new." in told
        generations = until(
            lambda: (found := here.generations(f"{source}/ember")) and len(found) == 2 and found,
            "a second generation",
        )
        assert generations[0].rev == fresh


def test_who_waits_for_the_newest_goes_on_when_it_is_in_the_table(here: Place) -> None:
    host = f"{here.add('path:' + str(here.flake('waited', flake('ember'))))}/ember"
    here.built(host)
    here.flake("waited", flake("ember", stamp="2"))
    since = time.time()
    with closing(writer(here.state / "boot.db", boots.MIGRATIONS)) as file:
        with transaction(file):
            wanted.save(file, host, since)
        names = ("published", "leases.db", "net.db", "nixie.db", "build.db")
        world = World(*(here.state / name for name in names))

        def waited() -> str:
            world.look_at_table()
            return waits(world.stand(host), since, time.time(), 600.0, world.table.at)

        said = {waited()}

        def over() -> bool:
            said.add(what := waited())
            return not what

        until(over, "it waits no longer")
        world.close()
    assert "The router looks whether there is something newer." in said
    assert [one.number for one in world.table.hosts[host].generations] == [2, 1]


def test_a_refresh_that_finds_nothing_new_builds_nothing(here: Place) -> None:
    source = here.add(f"path:{here.flake('still', flake('ember'))}")
    here.built(f"{source}/ember")
    assert here.refresh(source).startswith("Nothing new")
    assert len(here.builds(f"{source}/ember")) == 1


def test_a_revision_that_builds_the_same_makes_no_new_generation(here: Place) -> None:
    folder = here.flake("words", flake("ember"))
    source = here.add(f"path:{folder}")
    here.built(f"{source}/ember")
    (folder / "README").write_text("Only words changed.")
    assert here.refresh(source).startswith("Revision ")
    assert len(here.builds(f"{source}/ember")) == 1
    assert len(here.generations(f"{source}/ember")) == 1


def test_a_source_that_is_away_keeps_what_was_built(here: Place) -> None:
    with serving(here.flakes) as server:
        archive(here.flake("away", flake("ember")), here.flakes / "away.tar.gz")
        source = here.add(f"http://{server}/away.tar.gz")
        here.built(f"{source}/ember")
        (here.flakes / "away.tar.gz").unlink()
        assert "the server answered 404" in here.refresh(source)
    assert here.verdicts(source)["ember"].kind == "native"
    until(lambda: here.table().hosts[f"{source}/ember"].generations, "the table has it")


def test_a_source_with_an_interval_says_when_it_is_checked_next(here: Place) -> None:
    source = here.add(f"path:{here.flake('timed', flake('ember'))}", interval_seconds=3_600)
    row = here.settled(source)
    assert row.next_at is not None
    assert row.checked_at is not None
    assert 3_200 < row.next_at - row.checked_at < 4_000


# ── private sources ───────────────────────────────────────────────────────────────────────────────


def give_token(here: Place, source: str, secret: str = TOKEN) -> None:
    sources.set_source_credential(
        here.desk, OWNER, source, kind="token", secret=secret, hosts=("127.0.0.1",)
    )
    (here.state / "secrets").chmod(0o700)


def test_a_private_archive_needs_its_token(here: Place) -> None:
    with serving(here.flakes) as server:
        (here.flakes / "private").mkdir(exist_ok=True)
        archive(here.flake("closed", flake("ember")), here.flakes / "private/closed.tar.gz")
        source = here.add(f"http://{server}/private/closed.tar.gz")
        assert "store an access token" in here.settled(source).what
        give_token(here, source)
        assert until(
            lambda: here.source(source).state == "ready",
            "the source is read with its token",
        )


def test_a_private_repository_needs_its_token(here: Place) -> None:
    with serving(here.flakes) as server:
        folder = here.flake("private/fleet", flake("ember"))
        commit(folder)
        source = here.add(f"git+http://{server}/private/fleet/.git?ref=main")
        assert "store an access token" in here.settled(source).what
        give_token(here, source)
        assert until(
            lambda: here.source(source).state == "ready",
            "the source is read with its token",
        )


# ── inputs ────────────────────────────────────────────────────────────────────────────────────────


def locked(here: Place, name: str, url: str) -> Path:
    """A flake whose hosts come from the input `fleet`, locked by nix itself."""
    text = (
        f'{{ inputs.fleet.url = "{url}"; outputs = {{ fleet, ... }}: '
        "{ inherit (fleet) nixosConfigurations; }; }"
    )
    folder = here.flake(name, {"flake.nix": text})
    subprocess.run(
        [str(NIX), "flake", "lock", f"path:{folder}"],
        env={**here.store.environment(str(here.folder)), "NIX_CONFIG": "tarball-ttl = 0"},
        check=True,
        capture_output=True,
    )
    (folder / "flake.lock").chmod(0o644)
    return folder


def test_an_input_is_fetched_before_anything_is_evaluated(here: Place) -> None:
    with serving(here.flakes) as server:
        archive(here.flake("fleet", flake("ember")), here.flakes / "fleet.tar.gz")
        folder = locked(here, "outer", f"http://{server}/fleet.tar.gz")
        here.collect_garbage()
        source = here.add(f"path:{folder}")
        assert here.settled(source).what == ""
        assert here.built(f"{source}/ember").state == "built"


def test_an_input_that_cannot_be_fetched_is_named(here: Place) -> None:
    with serving(here.flakes) as server:
        text = flake("ember")
        text["flake.nix"] = str(text["flake.nix"]).replace('"1"', '"lost"')
        archive(here.flake("lost", text), here.flakes / "lost.tar.gz")
        folder = locked(here, "loser", f"http://{server}/lost.tar.gz")
        (here.flakes / "lost.tar.gz").unlink()
        here.collect_garbage()
        source = here.add(f"path:{folder}")
        here.settled(source)
    findings = [one.what for one in revisions(here, source)[0].findings]
    assert any("Input fleet" in one and "404" in one for one in findings)


def revisions(here: Place, source: str) -> list[builds.RevisionRow]:
    return here.look(lambda it: builds.revisions(it, source))


# ── limits, cancelling, crashes ───────────────────────────────────────────────────────────────────


def test_a_build_is_cancelled_within_a_second(here: Place) -> None:
    files = flake("slow")
    files["flake.nix"] = str(files["flake.nix"]).replace("b sleep 300", f"b {SLEEPS}")
    source = here.add(f"path:{here.flake('slow', files)}")
    host = f"{source}/slow"

    def running() -> builds.BuildRow | None:
        (newest, *_) = here.builds(host) or (None,)
        return newest if newest and newest.state == "running" and SLOW in newest.phase else None

    def seconds() -> float:
        row = until(running, "the slow build runs")
        assert row
        cancelled = time.monotonic()
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"
        took = time.monotonic() - cancelled
        if took >= ENOUGH:
            images.retry_build(here.desk, OWNER, row.id)
        return took

    assert quickest(seconds, ENOUGH) < ENOUGH
    until(lambda: SLEEPS not in processes(), "its builder is gone")


SLOW = "squashfs-slow"
SLEEPS = f"sleep 30{os.getpid():07}"  # no other test's build does that
ENOUGH = 2.0  # a second, and the followers' quarter seconds


def processes() -> str:
    return subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True).stdout


def test_a_cancelled_build_can_be_tried_again(here: Place) -> None:
    source = here.add(f"path:{here.flake('again', flake('fails'))}")
    row = here.built(f"{source}/fails")
    images.retry_build(here.desk, OWNER, row.id)
    until(lambda: len(here.builds(f"{source}/fails")) == 2, "a second build")
    assert here.built(f"{source}/fails").why == "asked"


def test_a_failed_build_is_not_tried_again_by_itself(here: Place) -> None:
    source = here.add(f"path:{here.flake('once', flake('fails'))}")
    here.built(f"{source}/fails")
    here.refresh(source)
    assert len(here.builds(f"{source}/fails")) == 1


def test_a_build_that_a_killed_role_left_is_done_after_the_restart(here: Place) -> None:
    files = flake("slow")
    files["flake.nix"] = str(files["flake.nix"]).replace("b sleep 300", "b sleep 15")
    source = here.add(f"path:{here.flake('killed', files)}")
    host = f"{source}/slow"
    until(lambda: any(one.state == "running" for one in here.builds(host)), "it runs")
    here.kill_role()
    here.start_role()
    row = here.built(host)
    assert (row.state, row.why) == ("built", "restarted")


def test_a_source_that_a_killed_role_left_is_read_after_the_restart(here: Place) -> None:
    here.kill_role()
    source = here.add(f"path:{here.flake('left', flake('ember'))}")
    here.start_role()
    assert here.settled(source).state == "ready"


def test_garbage_collection_between_all_steps_loses_nothing(here: Place) -> None:
    files = flake("two", stamp="garbage")
    source = here.add(f"path:{here.flake('garbage', files)}")
    while not here.generations(f"{source}/two"):
        here.collect_garbage()
        rows = here.builds(f"{source}/two")
        assert not rows or rows[0].state in {"queued", "running", "built"}, rows[0].what
    here.collect_garbage()
    image = here.image(here.generations(f"{source}/two")[0].image)
    for part in image.parts:
        for one in part.segments:
            assert isinstance(one, Literal) or Path(one.file).stat().st_size == one.size


def test_a_removed_source_is_gone_from_the_table_and_comes_back_unbuilt(here: Place) -> None:
    source = here.add(f"path:{here.flake('removed', flake('ember'))}")
    here.built(f"{source}/ember")
    until(lambda: f"{source}/ember" in here.table().hosts, "it is in the table")
    sources.remove_source(here.desk, OWNER, source)
    until(lambda: f"{source}/ember" not in here.table().hosts, "it is gone from the table")


def test_the_table_follows_the_inventory_within_a_second(here: Place) -> None:
    from appliance.actions import machines

    numbers = itertools.count(1)

    def seconds() -> float:
        number = next(numbers)
        mac = f"52:54:00:aa:bb:{number:02x}"
        machines.add_machine(here.desk, OWNER, mac, name=f"anvil{number}")
        added = time.monotonic()
        until(lambda: here.table().machine("lan", mac), "the machine is there")
        return time.monotonic() - added

    assert quickest(seconds, 1.5) < 1.5


def test_files_are_of_users_that_own_nothing_else(here: Place) -> None:
    assert (here.state / "published/table.json").stat().st_uid == 61105
    assert (here.state / "run/fetch").stat().st_uid == 61111


def test_nobody_but_the_roles_may_talk_to_the_daemon(here: Place) -> None:
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", str(NIX), "store", "info"],
        env=dict(here.store.environment("/tmp")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0


def test_a_flakes_own_settings_are_not_taken(here: Place) -> None:
    files = flake("ember", stamp="hook")
    hook = here.flakes / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {here.folder}/owned\n")
    hook.chmod(0o755)
    files["flake.nix"] = str(files["flake.nix"]).replace(
        "  outputs =", f'  nixConfig.post-build-hook = "{hook}";\n  outputs =', 1
    )
    source = here.add(f"path:{here.flake('hooked', files)}")
    assert here.built(f"{source}/ember").state == "built"
    assert not (here.folder / "owned").exists()


def test_an_evaluation_sees_no_secrets_of_the_router(here: Place) -> None:
    secret = here.state / "run/secret"
    secret.write_text("x")
    secret.chmod(0o644)
    files = flake("absolute")
    files["flake.nix"] = str(files["flake.nix"]).replace(
        'throwing (builtins.readFile "/etc/hostname")',
        f'throwing (builtins.readFile (builtins.fetchTree {{ type = "path"; path = "{here.state}'
        f'/run"; narHash = "sha256-{"A" * 43}="; }} + "/secret"))',
    )
    source = here.add(f"path:{here.flake('curious', files)}")
    here.settled(source)
    assert here.verdicts(source)["absolute"].kind == "not-bootable"


# ── the hungry ────────────────────────────────────────────────────────────────────────────────────


def test_an_evaluation_without_end_is_stopped_while_others_are_built() -> None:
    with place(options={"look_seconds": 20.0}) as made:
        source = made.add(f"path:{made.flake('hungry', flake('endless', 'ember'))}")
        assert made.settled(source).state == "ready"
        assert "longer than 20 s" in str(made.verdicts(source)["endless"].reason)
        assert made.built(f"{source}/ember").state == "built"


def test_a_memory_bomb_is_stopped_while_others_are_built(here: Place) -> None:
    source = here.add(f"path:{here.flake('bomb', flake('bomb', 'ember'))}")
    assert here.settled(source, 300).state == "ready"
    reason = str(here.verdicts(source)["bomb"].reason)
    assert "GiB of memory" in reason
    assert reason.endswith(" with NIXIE_LOOK_GIBIBYTES, or from a builder that evaluates.")
    assert here.built(f"{source}/ember").state == "built"


def evaluations(made: Place) -> list[Path]:
    """The processes that evaluate something foreign in this very place."""
    mark, found = f"NIX_CONF_DIR={made.store.conf}".encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            nix = (entry / "comm").read_text() == "nix\n" and entry.stat().st_uid == 61112
            foreign = nix and b"restrict-eval" in (entry / "cmdline").read_bytes()
            if foreign and mark in (entry / "environ").read_bytes():
                found.append(entry)
    return found


def test_evaluations_of_two_sources_wait_for_each_other_when_memory_is_short() -> None:
    with place(options={"look_seconds": 20.0, "look_bytes": 64 << 30}) as made:
        both = [made.add(f"path:{made.flake(name, flake('endless'))}") for name in ("one", "two")]
        at_once = set()

        def settled() -> bool:
            at_once.add(len(evaluations(made)))
            rows = [made.source(one) for one in both]
            return all(row is not None and row.state in {"ready", "unreadable"} for row in rows)

        until(settled, "both are looked at")
        assert [made.settled(one).what for one in both] == ["", ""]
        assert max(at_once) == 1


def test_a_daemon_that_comes_back_finds_the_build_waiting() -> None:
    with place() as made:
        files = flake("slow")
        files["flake.nix"] = str(files["flake.nix"]).replace("b sleep 300", "b sleep 15")
        source = made.add(f"path:{made.flake('daemonless', files)}")
        host = f"{source}/slow"
        until(lambda: any("squashfs-slow" in one.phase for one in made.builds(host)), "it runs")
        made.restart_daemon()
        assert made.built(host).state == "built"


def test_a_full_disk_is_said_and_leaves_what_was_built() -> None:
    with place(store_bytes=24 << 20, min_free=0, max_free=0) as made:
        source = made.add(f"path:{made.flake('full', flake('ember'))}")
        before = made.built(f"{source}/ember")
        assert before.state == "built"
        files = flake("ember", "slow")
        files["flake.nix"] = str(files["flake.nix"]).replace(
            "echo begun; b sleep 300; echo > $out", "b dd if=/dev/zero of=$out bs=1M count=40"
        )
        made.flake("full", files)
        made.refresh(source)
        row = made.built(f"{source}/slow")
        assert row.state == "failed"
        assert row.what.startswith("The disk of the store is full.")
        for part in made.image(str(before.image)).parts:
            assert hashlib.sha256(served(part)).hexdigest() == part.sha256


@pytest.mark.skipif(not OLD_NIX.exists(), reason="Nix 2.8 is not unpacked here")
def test_nix_2_8_makes_the_same_derivations_and_images(here: Place) -> None:
    files = flake("two", "fails", "circle")
    new = here.add(f"path:{here.flake('contract', files)}")
    with place(nix=OLD_NIX) as old:
        source = old.add(f"path:{old.flake('contract', files)}")
        assert old.settled(source).what == ""
        row = old.built(f"{source}/two")
        assert row.state == "built", row.what
        assert "in a circle" in str(old.verdicts(source)["circle"].reason)
        assert "the ruler is missing" in old.built(f"{source}/fails").what
        ours = here.image(str(here.built(f"{new}/two").image))
        theirs = old.image(str(row.image))
        assert theirs.provenance.drvs == ours.provenance.drvs
        assert [one.sha256 for one in theirs.parts] == [one.sha256 for one in ours.parts]


def test_a_manifest_that_was_lost_is_made_again(here: Place) -> None:
    source = here.add(f"path:{here.flake('lost-manifest', flake('ember'))}")
    row = here.built(f"{source}/ember")
    (here.state / "published/images" / f"{row.image}.json").unlink()
    images.build_host(here.desk, OWNER, f"{source}/ember")
    until(lambda: len(here.builds(f"{source}/ember")) == 2, "a second build")
    here.built(f"{source}/ember")
    assert published_image(here.state / "published", str(row.image)) is not None


def test_parts_are_files_of_the_store(here: Place) -> None:
    source = here.add(f"path:{here.flake('files', flake('ember'))}")
    image = here.image(str(here.built(f"{source}/ember").image))
    (kernel,) = image.part("kernel").segments
    assert isinstance(kernel, StoreFile)
    assert kernel.file.startswith(f"{here.store.root}/nix/store/")


def test_a_nix_with_a_known_hole_is_a_finding_on_the_owners_sources(here: Place) -> None:
    source = here.add(f"path:{here.flake('holed', flake('ember'))}")
    here.settled(source)
    findings = [one.what for one in revisions(here, source)[0].findings]
    held = version(here.client("nix", "--version"))
    assert held is not None
    assert any("CVE-2026-39860" in one for one in findings) == held.holed


def test_a_strangers_source_is_refused_on_a_nix_with_a_known_hole(here: Place) -> None:
    folder = here.flake("stranger", flake("ember"))
    row = here.settled(here.add(f"path:{folder}", trust="stranger"))
    held = version(here.client("nix", "--version"))
    assert held is not None
    assert (row.state == "unreadable") == held.holed
