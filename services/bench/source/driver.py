"""DOOR: times a source from its row in the inventory to its last image in the published table.

The peer is a shell script with the very nix calls that we make (fetch, list, look, build, with
roots), one after another, on a fresh store like ours.  Needs root, and the sample flake.
"""

import asyncio
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.actions.caches import remove_cache
from appliance.actions.desk import Actor
from appliance.actions.open import open_desk
from appliance.actions.sources import add_source, allow_directory
from appliance.errors import Unreachable
from appliance.model.caches import USUAL
from appliance.model.installed import Installed
from appliance.roles import ROLES
from appliance.signs import NO_SIGNS
from appliance.store import build_facts, builds
from appliance.store.open import reader
from services.bench.track import compared
from services.nix import calls, request
from services.nix.daemon import bounds_for, conf_for, daemon_request
from services.nix.driver import memory_installed, real_path
from services.nix.recipe import from_json
from services.nix.serve import serve as build_role
from services.nix.store import Store, store_in
from services.nix.store_path import tree_path
from services.nix.versions import version
from services.processes.driver import ability
from services.processes.privileges import identities
from services.processes.serve import Broker
from services.processes.serve import serve as serve_jobs

WORK = "source-to-image"
OWNER = Actor("bench", frozenset({"read", "write", "admin"}), "local")
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Stand:
    """A fresh state directory with a daemon and a broker."""

    state: Path
    installed: Installed
    store: Store


def run(rounds: int = 3, home: Path = Path(sys.prefix).parent) -> dict[str, Any]:
    """Time us and the script alternately on the sample flake.  Raises Unreachable.

    `home` is where set-up put things; the venv we run from lies in it.
    """
    if not (home / "sample/flake.nix").exists():
        raise Unreachable("The sample flake is missing: run set-up first.")
    return measured(WORK, f"git+file://{home / 'sample'}", rounds, home)


def measured(work: str, url: str, rounds: int, home: Path) -> dict[str, Any]:
    """Time us and the script alternately on the flake at a local `url`.  Raises Unreachable."""
    nix = home / "nix/usr/bin/nix"
    installed = Installed(
        home=home,
        program=Path(__file__).parents[3],
        python=Path(sys.executable),
        nix=nix if nix.exists() else None,
        loaders=home,
        browser=home,
        tools=home,
    )
    if installed.nix is None:
        raise Unreachable("Nix is missing: run set-up first.")
    if os.geteuid() != 0:
        raise Unreachable("This bench needs root: it starts a nix-daemon of its own.")
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    hosts = 0
    for _ in range(rounds):
        seconds, hosts, script = asyncio.run(_ours(installed, url))
        ours.append((hosts, seconds))
        theirs.append((hosts, asyncio.run(_script(installed, script))))
    printed = subprocess.run([installed.nix, "--version"], capture_output=True, text=True)
    peer = {"name": "shell script", "version": str(version(printed.stdout))}
    return compared(
        work,
        "images/s",
        ours,
        peer,
        theirs,
        images=hosts,
        seconds={"ours": [one for _, one in ours], "peer": [one for _, one in theirs]},
    )


async def _ours(installed: Installed, url: str) -> tuple[float, int, str]:
    """(seconds, images, the same calls as a script)."""
    async with _standing(installed) as stand:
        desk = open_desk(stand.state)
        allow_directory(desk, OWNER, str(_folder(url).parent))
        remove_cache(desk, OWNER, USUAL.id)  # the daemon of this bench asks none, as the script
        role = asyncio.create_task(
            build_role(stand.state, stand.installed, stand.state / "run/broker.sock", NO_SIGNS)
        )
        try:
            began = time.monotonic()
            source = add_source(desk, OWNER, url, interval_seconds=0).subject
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not (images := _served(stand.state, source)):
                    await asyncio.sleep(0.02)
            seconds = time.monotonic() - began
            return seconds, images, _same_calls(stand, url, source)
        finally:
            role.cancel()
            await asyncio.gather(role, return_exceptions=True)
            desk.close()


async def _script(installed: Installed, script: str) -> float:
    """Seconds that the script takes on a fresh store."""
    async with _standing(installed) as stand:
        place = stand.state / "calls.sh"
        place.write_text(script.replace("@STATE@", str(stand.state)))
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            "/bin/bash",
            str(place),
            env=dict(stand.store.environment(str(stand.state / "home"))),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode != 0:
            raise Unreachable(f"The script failed: {said.decode(errors='replace')[-500:]}")
        return time.monotonic() - began


def _served(state: Path, source: str) -> int:
    """How many images the table serves, once every build has ended; else 0.

    Raises Unreachable when the sample cannot be read.
    """
    try:
        connection = reader(state / "build.db")
    except Unreachable:
        return 0
    try:
        settled = builds.source_states(connection).get(source)
        if settled is not None and settled.state == "unreadable":
            raise Unreachable(f"The sample cannot be read: {settled.what}")
        if settled is None or settled.state != "ready":
            return 0
        if build_facts.builds_in(connection, "queued", "running"):
            return 0
        made = {one.host for one in builds.generations(connection)}
    finally:
        connection.close()
    with suppress(OSError, ValueError):
        hosts = json.loads((state / "published/table.json").read_text())["hosts"]
        if made <= {name for name, one in hosts.items() if one["generations"]}:
            return len(made)
    return 0


def _same_calls(stand: Stand, url: str, source: str) -> str:
    """The nix calls that were made for a source, as a script; @STATE@ stands for the state."""
    made = request.verbs(stand.store, lambda _: "", real_path)
    connection = reader(stand.state / "build.db")
    try:
        (revision,) = builds.revisions(connection, source, 1)
        judged = builds.verdicts(connection, source)
        looks = {one.host: build_facts.look(connection, one.host) for one in judged}
        built = {one.host for one in builds.builds(connection) if one.state == "built"}
        _, looked = next(iter(build_facts.looked_at(connection, source).values()))
        tree = _adapter_of(looked)
    finally:
        connection.close()
    flake = {
        "path": revision.path,
        "nar_hash": revision.nar_hash,
        "rev": revision.rev,
        "last_modified": revision.last_modified,
    }
    roots = stand.store.roots
    nix = str(stand.store.nix)
    where = {"url": url, "allowed": [str(_folder(url).parent)]}
    lines = [
        _plain(made["resolve"](where, stand.installed).argv, nix),
        shlex.join(calls.keep(stand.store, (revision.path,), roots / "tree")),
        _plain(made["adapter"]({}, stand.installed).argv, nix),
        _plain(made["names"](flake, stand.installed).argv, nix),
    ]
    for verdict in judged:
        asked = {**flake, "host": verdict.name, "adapter": tree[0], "adapter_hash": tree[1]}
        call = _plain(made["look"](asked, stand.installed).argv, nix)
        look = looks[verdict.host]
        if look is None or look.recipe is None:
            lines.append(f"{call} || true")
            continue
        drvs = from_json(look.recipe).derivations
        root = roots / f"{verdict.name}-drv"
        lines += [call, shlex.join(calls.keep_derivations(stand.store, drvs, root))]
        realised = shlex.join(calls.realise(stand.store, drvs, roots / verdict.name, ()))
        lines.append(realised if verdict.host in built else f"{realised} || true")
    script = "set -e\nmkdir -p @STATE@/gcroots @STATE@/home\n" + "\n".join(lines) + "\n"
    return script.replace(str(stand.state), "@STATE@")


def _folder(url: str) -> Path:
    """Where a local flake lies."""
    return Path(url.removeprefix("git+file://").removeprefix("path:"))


def _adapter_of(looked: str) -> tuple[str, str]:
    """(store path, hash) of the adapter, from how a host was looked at."""
    nar_hash = looked.partition(" ")[0]
    return tree_path(nar_hash), nar_hash


def _plain(argv: tuple[str, ...], nix: str) -> str:
    """The nix call inside a job, without the shell around it."""
    return shlex.join(argv[argv.index(nix) :])


@asynccontextmanager
async def _standing(installed: Installed) -> AsyncIterator[Stand]:
    assert installed.nix is not None
    folder = installed.home / f"bench-{uuid.uuid4().hex[:8]}"
    state = folder / "state"
    (state / "run").mkdir(parents=True)
    (state / "store/nix").mkdir(parents=True)
    store = store_in(state, installed.nix, system_store=False)
    daemon = await _daemon(installed, store)
    work = asyncio.create_task(_broker(installed, store, state))
    try:
        yield Stand(state, installed, store)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        daemon.terminate()
        await daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _daemon(installed: Installed, store: Store) -> asyncio.subprocess.Process:
    conf = conf_for(installed, store, cores=os.cpu_count() or 1)
    asked = daemon_request(store, conf, None, bounds_for(memory_installed()))
    _, confined = identities(ROLES.values(), "", "")
    for folder in asked.folders:
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.path.chmod(folder.mode)
        if folder.owner in confined:
            os.chown(folder.path, confined[folder.owner].uid, confined[folder.owner].gid)
    for path, text in asked.files.items():
        path.write_text(text)
    daemon = await asyncio.create_subprocess_exec(
        *asked.argv, env=dict(asked.env), stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(20):
        while not store.socket.exists():
            await asyncio.sleep(0.02)
    return daemon


async def _broker(installed: Installed, store: Store, state: Path) -> None:
    roles, confined = identities(ROLES.values(), "", "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(state / "run/broker.sock"))
        listening.listen()
        await serve_jobs(
            listening,
            Broker(
                installed=installed,
                verbs=request.verbs(store, lambda _: "", real_path),
                callers={who.uid: frozenset({name}) for name, who in roles.items()},
                users=confined,
                ability=ability([one.uid for one in (*roles.values(), *confined.values())]),
            ),
        )
