"""A router with builders, for live tests: how one is added, tried and asked, and what it made."""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from appliance.actions import builders
from appliance.actions.desk import Done
from appliance.events import Event
from appliance.model.builders import Said, authorized
from appliance.store import build_facts, builder_states
from appliance.store.builder_states import READY, BuilderState
from appliance.store.builds import BuildRow
from services.nix.recipe import from_json
from tests.live.builder_place import USER, BuilderHost, builder
from tests.live.nix_place import NIX, OWNER, Place
from tests.live.ssh_server import SSHD
from tests.live.test_nix import flake
from tests.live.waiting import until

NEEDS = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
    pytest.mark.skipif(not NIX.exists(), reason="nix is not unpacked here"),
    pytest.mark.skipif(not SSHD.exists(), reason="sshd is not unpacked here"),
]
"""Marks of every test with a builder."""
NO_PARTS: Mapping[str, str] = {}


ARM = "aarch64-linux"


def state(here: Place, ident: str) -> BuilderState:
    return (here.look(builder_states.states) or {}).get(ident) or BuilderState(ident)


def tried(here: Place, done: Done) -> BuilderState:
    """Wait for the trial that an act asked for."""

    def answered() -> bool:
        assert here.role is None or here.role.poll() is None, "the role ended"
        return any(getattr(one, "wish", "") == done.wish for one in here.events())

    try:
        until(answered, f"an answer to {done.what}")
    except AssertionError as late:
        raise AssertionError(f"{late}\n{state(here, done.subject)}\n{here.said()}") from late
    return state(here, done.subject)


def added(here: Place, there: BuilderHost, name: str = "kiln", **more: Any) -> BuilderState:
    said = Said(name, "127.0.0.1", there.port, USER, **more)
    return tried(here, builders.save_builder(here.desk, OWNER, "", said))


def trusted(here: Place, found: BuilderState) -> BuilderState:
    done = builders.trust_host_key(here.desk, OWNER, found.builder, found.shown_key)
    return tried(here, done)


def steps(found: BuilderState) -> list[tuple[str, str]]:
    return [(one.step, one.state) for one in found.steps]


@contextmanager
def ready(here: Place, name: str = "kiln", **more: Any) -> Iterator[tuple[BuilderHost, str]]:
    """A builder that went through its trial, and its id; removed again at the end."""
    said = {
        one: more.pop(one)
        for one in ("features", "speed", "jobs", "shares", "evaluates")
        if one in more
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
    parts: Mapping[str, str] = NO_PARTS,
    **options: Any,
) -> str:
    """A new source with these hosts, which are for `system`, as all of their derivations, and
    require `feature` if that is one.  `parts` are scripts that make parts of "ember", in which
    `b` is busybox and $out has to come to be."""
    files = flake(*hosts, stamp=stamp)
    built = "".join(f"build.{one} = run \"{one}\" ''{script}'';" for one, script in parts.items())
    text = str(files["flake.nix"]).replace('host "ember" { }', f'host "ember" {{ {built} }}')
    requires = f' requiredSystemFeatures = [ "{feature}" ];' if feature else ""
    text = text.replace('system = "x86_64-linux";', 'system = "x86_64-linux";' + requires)
    text = text.replace("x86_64-linux", system)
    files["flake.nix"] = text.replace("bzImage", "Image") if system == ARM else text
    return here.add(f"path:{here.flake(uuid.uuid4().hex, files)}", **options)


def begun(here: Place, host: str) -> BuildRow:
    """Wait until a build has said that it began."""

    def running() -> BuildRow | None:
        rows = here.builds(host)
        return rows[0] if rows and "begun" in log(here, rows[0]) else None

    return until(running, f"{host} is being built")


def log(here: Place, row: BuildRow) -> str:
    try:
        return here.log(row)
    except FileNotFoundError:
        return ""


def hashes(here: Place, row: BuildRow) -> list[tuple[str, str]]:
    assert row.state == "built", f"{row.what}\n{log(here, row)}"
    return [(part.name, part.sha256) for part in here.image(str(row.image)).parts]


def outputs(here: Place, host: str) -> tuple[str, ...]:
    look = here.look(lambda file: build_facts.look(file, host))
    return from_json(look.recipe).outputs


def told(here: Place, kind: type[Event], ident: str) -> bool:
    events = (one for one in here.events() if isinstance(one, kind))
    return any(getattr(one, "builder", "") == ident for one in events)


def arriving(here: Place) -> bool:
    """A large part is on its way home, and some of it is here."""
    with suppress(FileNotFoundError):  # it has just arrived
        files = [one for one in here.store.arrivals.rglob("*") if one.is_file()]
        return any(one.stat().st_size > 1 << 20 for one in files)
    return False


def other(here: Place, host: str, first: BuildRow) -> BuildRow | None:
    row = here.builds(host)[0]
    return row if row.id != first.id and row.state not in {"queued", "running"} else None


def knows(here: Place, ident: str, *, yes: bool = True) -> None:
    """Wait until our daemon shares builds with it, or no longer."""
    file = here.store.conf / "machines"
    until(
        lambda: (file.exists() and ident in file.read_text()) == yes,
        f"{ident} shares builds: {yes}",
    )
