"""Builders over a real sshd: trusted by comparison, tried, asked, and gone in the middle."""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.actions import acts, builders, images
from appliance.actions.desk import Done
from appliance.events import BuilderBack, BuilderLeft, BuilderLost, Event
from appliance.model.builders import Said, authorized, fingerprint
from appliance.model.images import Literal
from appliance.roles import ROLES
from appliance.store import build_facts, builder_states, outlooks
from appliance.store.builder_states import LOST, READY, UNFIT, UNKNOWN, BuilderState
from appliance.store.builds import BuildRow
from services.nix.recipe import from_json
from tests.live.attack_room import REPAIRED
from tests.live.builder_place import USER, BuilderHost, builder
from tests.live.nix_place import NIX, OLD_NIX, OWNER, ROLE, Place, place
from tests.live.ssh_server import SSHD
from tests.live.standing import free_port
from tests.live.test_nix import flake, served
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
    pytest.mark.skipif(not SSHD.exists(), reason="sshd is not unpacked here"),
]


ARM = "aarch64-linux"


def state(here: Place, ident: str) -> BuilderState:
    return (here.look(builder_states.states) or {}).get(ident) or BuilderState(ident)


def tried(here: Place, done: Done) -> BuilderState:
    """Wait for the trial that an act asked for."""
    until(
        lambda: any(getattr(one, "wish", "") == done.wish for one in here.events()),
        f"an answer to {done.what}",
    )
    return state(here, done.subject)


def added(here: Place, there: BuilderHost, name: str = "kiln", **more: object) -> BuilderState:
    said = Said(name, "127.0.0.1", there.port, USER, **more)  # type: ignore[arg-type]
    return tried(here, builders.save_builder(here.desk, OWNER, "", said))


def trusted(here: Place, found: BuilderState) -> BuilderState:
    done = builders.trust_host_key(here.desk, OWNER, found.builder, found.shown_key)
    return tried(here, done)


def steps(found: BuilderState) -> list[tuple[str, str]]:
    return [(one.step, one.state) for one in found.steps]


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place() as made:
        yield made


@contextmanager
def ready(here: Place, name: str = "kiln", **more: Any) -> Iterator[tuple[BuilderHost, str]]:
    """A builder that went through its trial, and its id; removed again at the end."""
    said = {
        one: more.pop(one) for one in ("features", "speed", "shares", "evaluates") if one in more
    }
    said["systems"] = more.pop("systems", ("x86_64-linux",))
    with builder(here.folder / f"{name}-{uuid.uuid4().hex[:6]}", here.installed, **more) as there:
        found = trusted(here, added(here, there, name, **said))
        there.let_in(authorized(found.public_key, evaluates=bool(said.get("evaluates"))))
        found = tried(here, builders.try_builder(here.desk, OWNER, found.builder))
        assert (found.state, found.what) == (READY, "")
        try:
            yield there, found.builder
        finally:
            builders.remove_builder(here.desk, OWNER, found.builder)
            until(lambda: state(here, found.builder).removed_at, f"{name} is removed")


def sourced(
    here: Place,
    *hosts: str,
    system: str = "x86_64-linux",
    feature: str = "",
    stamp: str = "1",
    **options: Any,
) -> str:
    """A new source with these hosts, which are for `system`, as all of their derivations, and
    require `feature` if that is one."""
    files = flake(*hosts, stamp=stamp)
    requires = f' requiredSystemFeatures = [ "{feature}" ];' if feature else ""
    text = str(files["flake.nix"]).replace(
        'system = "x86_64-linux";', 'system = "x86_64-linux";' + requires
    )
    files["flake.nix"] = text.replace("x86_64-linux", system)
    if system == ARM:
        files["flake.nix"] = files["flake.nix"].replace("bzImage", "Image")
    return here.add(f"path:{here.flake(uuid.uuid4().hex, files)}", **options)


def begun(here: Place, host: str) -> BuildRow:
    """Wait until a build has said that it began."""

    def running() -> BuildRow | None:
        rows = here.builds(host)
        return rows[0] if rows and "begun" in _log(here, rows[0]) else None

    return until(running, f"{host} is being built")


def _log(here: Place, row: BuildRow) -> str:
    try:
        return here.log(row)
    except FileNotFoundError:
        return ""


def hashes(here: Place, row: BuildRow) -> list[tuple[str, str]]:
    assert row.state == "built", f"{row.what}\n{_log(here, row)}"
    return [(part.name, part.sha256) for part in here.image(str(row.image)).parts]


def outputs(here: Place, host: str) -> tuple[str, ...]:
    look = here.look(lambda file: build_facts.look(file, host))
    return from_json(look.recipe).outputs


def told(here: Place, kind: type[Event], ident: str) -> bool:
    return any(isinstance(one, kind) and one.builder == ident for one in here.events())  # type: ignore[attr-defined]


# ── from an address to a builder ──────────────────────────────────────────────────────────────────


def test_a_builder_goes_step_by_step_from_unknown_to_ready(here: Place) -> None:
    with builder(here.folder / "forge", here.installed) as forge:
        found = added(here, forge, "forge")
        assert (found.state, fingerprint(found.shown_key)) == (UNKNOWN, forge.fingerprint)
        assert steps(found) == [("reach", "ok"), ("key", "bad")]
        found = trusted(here, found)
        assert (found.state, steps(found)[-1]) == (UNFIT, ("login", "bad"))
        assert found.what.startswith(
            "forge does not let the router in as kiln. Put the router's line"
        )
        forge.let_in(authorized(found.public_key))
        found = tried(here, builders.try_builder(here.desk, OWNER, found.builder))
        assert (found.state, found.what) == (READY, "")
        passed = [("login", "ok"), ("nix", "ok"), ("trust", "ok"), ("build", "ok")]
        assert steps(found)[2:] == passed
        builders.remove_builder(here.desk, OWNER, found.builder)


def test_the_routers_key_is_for_one_user_alone(here: Place) -> None:
    with ready(here) as (_, ident):
        key = here.state / "secrets/build" / ident
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.stat().st_uid == ROLES["build"].uid


def test_the_routers_key_opens_nix_and_no_shell(here: Place, tmp_path: Path) -> None:
    with ready(here) as (kiln, ident):
        key = tmp_path / "key"
        key.write_bytes((here.state / "secrets/build" / ident).read_bytes())
        key.chmod(0o600)
        options = ["-F", "none", "-i", str(key), "-o", "StrictHostKeyChecking=no"]
        options += ["-o", f"UserKnownHostsFile={tmp_path / 'known'}", "-p", str(kiln.port)]
        asked = ["ssh", *options, f"{USER}@127.0.0.1", "echo", "a shell"]
        done = subprocess.run(asked, capture_output=True, input=b"", check=False, timeout=60)
        assert b"a shell" not in done.stdout
        assert (
            b"PTY allocation request failed"
            in subprocess.run(
                [*asked[:1], "-tt", *asked[1:]],
                capture_output=True,
                input=b"",
                check=False,
                timeout=60,
            ).stderr
        )


def test_a_builder_that_nobody_answers_for_says_so(here: Place) -> None:
    said = Said("absent", "127.0.0.1", free_port(), USER)
    found = tried(here, builders.save_builder(here.desk, OWNER, "", said))
    assert (found.state, steps(found)) == (LOST, [("reach", "bad")])
    assert found.what.startswith("127.0.0.1 is there, and nothing listens on port")
    builders.remove_builder(here.desk, OWNER, found.builder)


def test_a_builder_without_nix_says_so(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        kiln.path = "/usr/bin:/bin"
        kiln.start_sshd()
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("nix", "bad"))
        assert "has no nix-daemon where ssh looks for it" in found.what


def test_a_builder_whose_nix_serves_others_only_says_so(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_daemon()
        kiln.settings = "allowed-users = root\n"
        kiln.start_daemon()
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert steps(found)[-1] == ("nix", "bad"), found.what
        assert found.what.startswith("kiln lets the router in, and its Nix hangs up. Mostly kiln")


def test_a_builder_is_not_believed_for_a_system_that_it_cannot_build(here: Place) -> None:
    with ready(here) as (kiln, ident):
        both = ("x86_64-linux", "aarch64-linux")
        said = Said("kiln", "127.0.0.1", kiln.port, USER, both)
        found = tried(here, builders.save_builder(here.desk, OWNER, ident, said))
        assert [step for step in steps(found) if step[0] == "build"] == [
            ("build", "ok"),
            ("build", "bad"),
        ]
        assert found.what.startswith("kiln cannot build for aarch64-linux.")


def test_a_builder_is_not_believed_for_a_feature_that_its_nix_has_not(here: Place) -> None:
    with ready(here, settings="system-features = fire\n", features=("fire",)) as (kiln, ident):
        assert "It built for x86_64-linux with fire." in [
            step.what for step in state(here, ident).steps
        ]
        said = Said("kiln", "127.0.0.1", kiln.port, USER, features=("fire", "ice"))
        found = tried(here, builders.save_builder(here.desk, OWNER, ident, said))
        assert steps(found)[-2:] == [("build", "ok"), ("build", "bad")]
        assert found.what.startswith("The Nix on kiln does not have the feature ice.")


# ── builds that stay there ────────────────────────────────────────────────────────────────────────


def test_an_untrusted_builder_gives_the_very_bytes_of_a_build_here(here: Place) -> None:
    with ready(here) as (kiln, _):
        away = f"{sourced(here, 'two', stamp='same')}/two"
        row = here.built(away)
        there = hashes(here, row)
        assert (row.builder, here.image(str(row.image)).provenance.built_on) == ("kiln", "kiln")
        assert all(map(kiln.has, outputs(here, away)))
        assert not any(here.store.file(one).exists() for one in outputs(here, away))
    row = here.built(f"{sourced(here, 'two', stamp='same')}/two")
    assert (row.builder, hashes(here, row)) == ("", there)


def test_a_trusted_builder_is_not_given_the_routers_settings(here: Place) -> None:
    with ready(here, trusted=True) as (_, ident):
        trust = next(one for one in state(here, ident).steps if one.step == "trust")
        assert trust.what.startswith("It trusts kiln, which it need not")
        row = here.built(f"{sourced(here, 'ember', stamp='trusted')}/ember")
        assert (row.state, row.builder) == ("built", "kiln"), row.what


def test_what_came_home_outlives_the_garbage(here: Place) -> None:
    with ready(here):
        row = here.built(f"{sourced(here, 'ember', stamp='rooted')}/ember")
        before = hashes(here, row)
    here.collect_garbage()
    for part in here.image(str(row.image)).parts:
        for one in part.segments:
            assert isinstance(one, Literal) or Path(one.file).stat().st_size == one.size
    assert before


def test_parts_that_are_here_already_are_not_fetched_again(here: Place) -> None:
    with ready(here):
        here.built(f"{sourced(here, 'ember', stamp='first')}/ember")
        row = here.built(f"{sourced(here, 'ember', stamp='second')}/ember")
        assert "1 of 3 parts came home from kiln" in here.log(row)


def test_a_part_that_arrives_otherwise_than_it_was_said_is_not_published(here: Place) -> None:
    with ready(here) as (kiln, _):
        host = f"{sourced(here, 'ember', stamp='honest')}/ember"
        first = here.built(host)
        assert first.builder == "kiln"
        shutil.rmtree(here.store.roots / "builds" / first.id)
        here.collect_garbage()
        (squashfs,) = [one for one in outputs(here, host) if "squashfs" in one]
        kiln.store.file(squashfs).chmod(0o644)
        kiln.store.file(squashfs).write_text("store of somebody else")
        images.retry_build(here.desk, OWNER, first.id)
        row = until(lambda: _other(here, host, first), "another build")
        assert row.state == "failed"
        assert "squashfs-ember arrived from kiln otherwise than it said" in row.what
        assert len(here.generations(host)) == 1


def test_a_failing_derivation_is_not_built_a_second_time_here(here: Place) -> None:
    with ready(here) as (_, ident):
        row = here.built(f"{sourced(here, 'fails')}/fails")
        assert row.what == (
            "On kiln: kernel-of-fails could not be built: the ruler is missing. Correct it in the "
            "flake, then look at the source again."
        )
        assert state(here, ident).state == READY


def test_the_log_of_a_builder_is_the_builds_log(here: Place) -> None:
    with ready(here):
        row = here.built(f"{sourced(here, 'fails', stamp='log')}/fails")
        assert "kernel-of-fails> the ruler is missing" in here.log(row)
        assert "don't know how" not in here.log(row)
        assert "kiln builds it: ssh kiln@127.0.0.1:" in here.log(row)


def test_a_host_for_another_system_is_built_where_that_is_possible(here: Place) -> None:
    more = {"systems": (ARM,), "settings": f"extra-platforms = {ARM}\n"}
    with ready(here, "anvil", **more):
        host = f"{sourced(here, 'ember', system=ARM)}/ember"
        row = here.built(host)
        assert (row.state, row.builder) == ("built", "anvil"), row.what
    image = here.image(str(row.image))
    kernel = image.part("kernel")
    assert (image.system, kernel.name) == (ARM, "Image")
    assert served(kernel) == b"kernel\n"
    until(lambda: host in here.table().hosts, "it is served")


def test_what_requires_a_feature_is_built_where_it_is(here: Place) -> None:
    fire = {"settings": "system-features = fire\n", "features": ("fire",)}
    with ready(here, "quick", speed=9), ready(here, "oven", **fire):
        row = here.built(f"{sourced(here, 'ember', feature='fire', stamp='hot')}/ember")
        assert (row.state, row.builder) == ("built", "oven"), row.what
        assert "quick" not in here.log(row)
        row = here.built(f"{sourced(here, 'ember', stamp='cold')}/ember")
        assert (row.state, row.builder) == ("built", "quick"), row.what


def test_a_builder_that_turns_out_to_lack_a_feature_is_followed_by_the_next(here: Place) -> None:
    with ready(here, "quick", speed=9), ready(here, "oven", settings="system-features = fire\n"):
        row = here.built(f"{sourced(here, 'ember', feature='fire', stamp='hotter')}/ember")
        assert (row.state, row.builder) == ("built", "oven"), row.what
        assert "quick has not what this build requires" in here.log(row)


def test_a_host_that_nobody_can_build_is_told_before_it_begins(here: Place) -> None:
    source = sourced(here, "ember", system=ARM, stamp="no")
    row = here.built(f"{source}/ember")
    assert here.verdicts(source)["ember"].kind == "native"
    outlook = until(lambda: here.desk.reads.outlooks().get(f"{source}/ember"), "it is foreseen")
    assert outlook.short == f"needs a builder for {ARM}"
    assert (row.state, row.what) == (
        "failed",
        "It needs a builder for aarch64-linux: this router cannot build for it, and no builder "
        "does. Add one under Builders.",
    )
    assert _log(here, row).splitlines() == [row.what]


# ── sources that are built on builders alone ──────────────────────────────────────────────────────


def test_a_source_for_builders_alone_is_never_built_here(here: Place) -> None:
    source = sourced(here, "ember", stamp="alone", only_builders=True)
    row = here.built(f"{source}/ember")
    assert (row.state, row.what) == (
        "failed",
        "It needs a builder for x86_64-linux: its source is built on builders only, and no builder "
        "does. Add one under Builders.",
    )
    assert not all(here.store.file(one).exists() for one in outputs(here, f"{source}/ember"))
    with ready(here):
        images.build_host(here.desk, OWNER, f"{source}/ember")
        until(lambda: len(here.builds(f"{source}/ember")) == 2, "it is built again")
        row = here.built(f"{source}/ember")
        assert (row.state, row.builder) == ("built", "kiln"), row.what


def test_a_builder_that_is_gone_is_not_stood_in_for(here: Place) -> None:
    with ready(here) as (kiln, _):
        kiln.stop_sshd()
        source = sourced(here, "ember", stamp="gone-alone", only_builders=True)
        row = here.built(f"{source}/ember")
        assert (row.state, row.builder) == ("failed", "")
        assert "its source is built on builders only, and no builder for it is ready." in row.what
        kiln.start_sshd()


def test_what_a_look_needs_built_is_not_built_for_builders_alone(here: Place) -> None:
    source = sourced(here, "imports", only_builders=True)
    here.settled(source)
    assert here.verdicts(source)["imports"].kind == "not-bootable"


# ── when it goes wrong ────────────────────────────────────────────────────────────────────────────


def test_a_dead_builder_costs_a_build_nothing(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        row = here.built(f"{sourced(here, 'ember', stamp='dead')}/ember")
        assert (row.state, row.builder) == ("built", ""), row.what
        assert (state(here, ident).state, told(here, BuilderLost, ident)) == (LOST, True)
        kiln.start_sshd()
        until(lambda: told(here, BuilderBack, ident), "kiln is noticed again")
        assert state(here, ident).state == READY


def test_a_builder_that_goes_silent_is_noticed_without_a_build(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        until(lambda: told(here, BuilderLost, ident), "kiln is missed")
        assert state(here, ident).what.startswith("127.0.0.1 is there, and nothing listens on")


def test_nobody_waits_for_a_lost_builder_that_is_switched_off(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        until(lambda: told(here, BuilderLost, ident), "kiln is missed")
        builders.enable_builder(here.desk, OWNER, ident, on=False)
        until(lambda: told(here, BuilderLeft, ident), "nobody waits for it")
        assert not state(here, ident).missed


def test_a_removed_builder_that_comes_back_needs_no_new_line(here: Place) -> None:
    with ready(here) as (_, ident):
        before = state(here, ident).public_key
        done = builders.remove_builder(here.desk, OWNER, ident)
        until(lambda: state(here, ident).removed_at, "kiln is removed")
        acts.undo(here.desk, OWNER, done.act)
        until(lambda: state(here, ident).state == READY, "kiln is there again")
        assert state(here, ident).public_key == before


def test_a_changed_host_key_stops_everything(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.new_host_key()
        row = here.built(f"{sourced(here, 'ember', stamp='impostor')}/ember")
        assert (row.state, row.builder) == ("built", ""), row.what
        assert "kiln shows another host key than the one you trusted" in here.log(row)
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("key", "bad"))
        assert found.what.startswith("kiln shows another host key than the one you trusted")
        assert trusted(here, found).state == READY


def test_a_builder_that_comes_back_as_another_stays_a_trouble(here: Place) -> None:
    with ready(here) as (kiln, ident):
        kiln.stop_sshd()
        until(lambda: state(here, ident).state == LOST, "kiln is missed")
        kiln.new_host_key()
        until(lambda: state(here, ident).state == UNFIT, "kiln is found to be another")
        found = [one for one in here.events() if isinstance(one, BuilderLost)]
        assert [one.what[:24] for one in found if one.builder == ident] == [
            "127.0.0.1 is there, and ",
            "kiln shows another host ",
        ]
        assert not told(here, BuilderBack, ident)
        trusted(here, state(here, ident))
        assert told(here, BuilderBack, ident)


def test_a_builder_is_not_blamed_for_our_own_daemon() -> None:
    with place() as alone, ready(alone) as (_, ident):
        host = f"{sourced(alone, 'ember', stamp='blame')}/ember"
        first = alone.built(host)
        assert alone.daemon is not None
        os.killpg(alone.daemon.pid, signal.SIGKILL)
        alone.daemon.wait(60)
        shutil.rmtree(alone.state / "published/images")
        images.retry_build(alone.desk, OWNER, first.id)
        row = until(lambda: _other(alone, host, first), "another build")
        assert (row.state, row.what[:16]) == ("failed", "Tried 3 times: t"), row.what
        assert state(alone, ident).state == READY
        assert not told(alone, BuilderLost, ident)


def test_without_the_broker_the_router_builds_itself() -> None:
    with place() as alone, ready(alone) as (_, ident):
        broker = next(one for one in alone.children if "Broker" in str(one.args))
        host = f"{sourced(alone, 'slow', stamp='broker')}/slow"
        row = begun(alone, host)
        broker.kill()
        until(lambda: alone.builds(host)[0].builder == "", "the router goes on")
        images.cancel_build(alone.desk, OWNER, row.id)
        assert alone.built(host).state == "cancelled"
        (alone.state / "run/broker.sock").unlink()
        alone.start_broker()
        until(lambda: state(alone, ident).state == READY, "kiln is there")


@pytest.mark.skipif(not OLD_NIX.exists(), reason="an old nix is not unpacked here")
def test_a_builder_may_have_an_old_nix(here: Place) -> None:
    with ready(here, nix=OLD_NIX) as (_, ident):
        found = {one.step: one.what for one in state(here, ident).steps}
        assert found["nix"] == "It has Nix 2.8.0."
        assert found["trust"].startswith("It does not say whether it trusts")
        row = here.built(f"{sourced(here, 'two', stamp='old')}/two")
        assert (row.state, row.builder) == ("built", "kiln"), row.what
        assert here.image(str(row.image)).provenance.nix == "2.8.0"


def test_a_builder_that_dies_in_mid_build_is_followed_by_the_next(here: Place) -> None:
    with ready(here, "kiln") as (kiln, ident), ready(here, "oven") as (oven, _):
        host = f"{sourced(here, 'slow', stamp='dies')}/slow"
        row = begun(here, host)
        assert here.builds(host)[0].builder == "kiln"
        kiln.stop_sshd()
        until(lambda: here.builds(host)[0].builder == "oven", "oven goes on")
        assert "The connection to kiln broke off." in here.log(row)
        assert told(here, BuilderLost, ident)
        oven.stop_sshd()
        until(lambda: here.builds(host)[0].builder == "", "the router goes on")
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"


def test_a_cut_network_is_noticed_in_mid_build(here: Place) -> None:
    with ready(here) as (kiln, ident):
        host = f"{sourced(here, 'slow', stamp='cut')}/slow"
        row = begun(here, host)
        kiln.freeze(on=True)
        try:
            until(lambda: here.builds(host)[0].builder == "", "the router goes on")
        finally:
            kiln.freeze(on=False)
        assert state(here, ident).state != READY or told(here, BuilderLost, ident)
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"


def test_cancelling_ends_the_work_on_the_builder(here: Place) -> None:
    with ready(here) as (kiln, _):
        host = f"{sourced(here, 'slow', stamp='cancel')}/slow"
        row = begun(here, host)
        assert any("sleep 300" in one for one in kiln.working())
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"
        until(lambda: not any("sleep 300" in one for one in kiln.working()), "the work ends")


def test_a_builder_that_is_switched_off_is_not_asked(here: Place) -> None:
    with ready(here) as (_, ident):
        builders.enable_builder(here.desk, OWNER, ident, on=False)
        row = here.built(f"{sourced(here, 'ember', stamp='off')}/ember")
        assert (row.state, row.builder) == ("built", "")


def test_a_role_that_is_killed_in_mid_build_asks_the_builder_again(here: Place) -> None:
    with ready(here):
        host = f"{sourced(here, 'slow', stamp='killed')}/slow"
        row = begun(here, host)
        here.kill_role()
        here.start_role()
        until(lambda: here.log(row).count("begun") > 1, "it is built once more")
        assert here.builds(host)[0].builder == "kiln"
        images.cancel_build(here.desk, OWNER, row.id)
        assert here.built(host).state == "cancelled"


def _other(here: Place, host: str, first: BuildRow) -> BuildRow | None:
    row = here.builds(host)[0]
    return row if row.id != first.id and row.state not in {"queued", "running"} else None


# ── builds of the router that are shared ──────────────────────────────────────────────────────────


def knows(here: Place, ident: str, *, yes: bool = True) -> None:
    """Wait until our daemon shares builds with it, or no longer."""
    file = here.store.conf / "machines"
    told = lambda: file.exists() and ident in file.read_text()  # noqa: E731
    until(lambda: told() == yes, f"{ident} shares builds: {yes}")


def test_single_derivations_are_built_there_and_all_of_it_comes_home(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        keys = here.store.conf / "builder-keys"
        assert {one.stat().st_uid for one in (keys, *keys.iterdir())} == {0}
        host = f"{sourced(here, 'ember', stamp='shared')}/ember"
        row = here.built(host)
        assert (row.state, row.builder) == ("built", ""), f"{row.what}\n{_log(here, row)}"
        made = [one for one in outputs(here, host) if oven.has(one)]
        assert made
        assert all(here.store.file(one).exists() for one in outputs(here, host))
        assert here.image(str(row.image)).provenance.built_on == "here with oven"
    knows(here, ident, yes=False)
    until(lambda: not (keys / ident).exists(), "its key is gone, too")


def test_sharing_brings_a_system_that_this_router_has_not(here: Place) -> None:
    more = {"systems": (ARM,), "settings": f"extra-platforms = {ARM}\n"}
    with ready(here, "anvil", trusted=True, shares=True, **more) as (_, ident):
        knows(here, ident)
        row = here.built(f"{sourced(here, 'ember', system=ARM, stamp='far')}/ember")
        assert row.state == "built", f"{row.what}\n{_log(here, row)}"


def test_a_source_for_builders_alone_may_be_shared_and_not_built_here(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        host = f"{sourced(here, 'ember', stamp='far alone', only_builders=True)}/ember"
        row = here.built(host)
        assert row.state == "built", f"{row.what}\n{_log(here, row)}"
        assert any(oven.has(one) for one in outputs(here, host))
        assert here.image(str(row.image)).provenance.built_on == "here with oven"


def test_who_shares_has_to_trust_the_account(here: Place) -> None:
    with builder(here.folder / f"cold-{uuid.uuid4().hex[:6]}", here.installed) as cold:
        found = trusted(here, added(here, cold, "cold", shares=True))
        cold.let_in(authorized(found.public_key))
        found = tried(here, builders.try_builder(here.desk, OWNER, found.builder))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("trust", "bad"))
        assert "Add kiln to trusted-users in its nix.conf" in found.what
        builders.remove_builder(here.desk, OWNER, found.builder)


def test_a_shared_build_goes_on_here_when_the_builder_is_gone(here: Place) -> None:
    with ready(here, "oven", trusted=True, shares=True) as (oven, ident):
        knows(here, ident)
        oven.stop_sshd()
        row = here.built(f"{sourced(here, 'ember', stamp='gone')}/ember")
        assert row.state == "built", f"{row.what}\n{_log(here, row)}"
        assert here.image(str(row.image)).provenance.built_on == "here"


# ── builders that evaluate ────────────────────────────────────────────────────────────────────────


def test_a_builder_evaluates_and_its_derivations_come_home(here: Place) -> None:
    with ready(here, "mind", evaluates=True) as (mind, _):
        source = sourced(here, "ember", "throws", stamp="elsewhere")
        assert here.settled(source).what == ""
        found = here.verdicts(source)
        assert (found["ember"].kind, found["throws"].kind) == ("native", "not-bootable")
        tree = here.look(lambda it: build_facts.look(it, f"{source}/ember")).recipe["drvs"][
            "kernel"
        ]
        assert mind.has(tree)
        assert here.store.file(tree).exists()
        _, held = here.look(outlooks.evaluations)[f"{source}/ember"]
        assert held == 0  # of this router's memory
        row = here.built(f"{source}/ember")
        assert (row.state, row.builder) == ("built", "mind"), row.what


def test_an_evaluation_elsewhere_says_the_same_as_here(here: Place) -> None:
    names = ("ember", "two", "throws")
    ours = sourced(here, *names, stamp="the same")
    here.settled(ours)
    with ready(here, "mind", evaluates=True):
        theirs = sourced(here, *names, stamp="the same")
        here.settled(theirs)
    told = [
        {name: (one.kind, one.reason, one.system) for name, one in here.verdicts(it).items()}
        for it in (ours, theirs)
    ]
    assert told[0] == told[1]
    for name in ("ember", "two"):
        recipes = [
            here.look(lambda file, it=it: build_facts.look(file, it)).recipe
            for it in (f"{ours}/{name}", f"{theirs}/{name}")
        ]
        assert recipes[0] == recipes[1]


def test_who_evaluates_is_let_in_for_that_alone(here: Place, tmp_path: Path) -> None:
    with ready(here, "mind", evaluates=True) as (mind, ident):
        key = tmp_path / "key"
        key.write_bytes((here.state / "secrets/build" / ident).read_bytes())
        key.chmod(0o600)
        options = ["-F", "none", "-i", str(key), "-o", "StrictHostKeyChecking=no"]
        options += ["-o", f"UserKnownHostsFile={tmp_path / 'known'}", "-p", str(mind.port)]

        def says(expression: str) -> tuple[int, str]:
            words = ["ssh", *options, f"{USER}@127.0.0.1", expression]
            done = subprocess.run(words, capture_output=True, input="", text=True, timeout=60)
            return done.returncode, done.stdout.strip()

        assert says("6 * 7") == (0, "42")
        for wrong in (
            "builtins.readFile /etc/passwd",
            'builtins.getEnv "PATH" + builtins.readFile "/etc/hostname"',
            'import (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh";'
            ' args = [ "-c" "echo 1 > $out" ]; })',
        ):
            code, out = says(wrong)
            assert (code, out) == (1, ""), wrong
        for shell in ("; id", "$(id)", "`id`", "echo a shell", '" ; id; "'):
            assert "uid=" not in says(shell)[1]
            assert "a shell" not in says(shell)[1]


def test_a_line_of_before_does_not_let_it_evaluate(here: Place) -> None:
    with ready(here, "mind") as (mind, ident):
        said = Said("mind", "127.0.0.1", mind.port, USER, evaluates=True)
        found = tried(here, builders.save_builder(here.desk, OWNER, ident, said))
        assert (found.state, steps(found)[-1]) == (UNFIT, ("evaluate", "bad"))
        assert found.what.startswith("mind does not evaluate for the router. Put the router's line")
        mind.let_in(authorized(found.public_key, evaluates=True))
        found = tried(here, builders.try_builder(here.desk, OWNER, ident))
        assert (found.state, steps(found)[-1]) == (READY, ("evaluate", "ok"))


def test_a_strangers_flake_is_not_evaluated_where_there_is_a_network() -> None:
    with place(role=False) as made:
        made.start_role(REPAIRED + ROLE)
        with ready(made, "mind", evaluates=True) as (mind, _):
            source = sourced(made, "ember", stamp="strange", trust="stranger")
            assert made.settled(source).what == ""
            look = made.look(lambda it: build_facts.look(it, f"{source}/ember"))
            assert not mind.has(look.recipe["drvs"]["kernel"])


def test_when_the_evaluator_is_gone_it_is_done_here(here: Place) -> None:
    with ready(here, "mind", evaluates=True) as (mind, ident):
        mind.stop_sshd()
        source = sourced(here, "ember", stamp="alone again")
        assert here.settled(source).state == "ready"
        assert here.verdicts(source)["ember"].kind == "native"
        assert state(here, ident).state == LOST
