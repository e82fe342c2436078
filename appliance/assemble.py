"""DOOR: the only file that sees all rooms; it decides nothing.

Imports stand inside the functions on purpose: a packet role must not load what only web needs.
`tests/rooms/test_weight.py` starts each role and holds it to that.
"""

import asyncio
import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import NixieError, Problem, Refused
from appliance.faults import Fault, no_fault
from appliance.model.installed import STATE, Installed
from appliance.roles import ROLES

if TYPE_CHECKING:
    from appliance.events import Event
    from services.lab.serve import Booted, Chosen
    from services.supervisor.plan import Plan

Work = Callable[[], int]

HOME = "/opt/nixie"
LOOK_SECONDS = "NIXIE_LOOK_SECONDS"


def installed(environ: Mapping[str, str] = os.environ) -> Installed:
    """Where set-up put things: NIXIE_HOME, or /opt/nixie."""
    home = Path(environ.get("NIXIE_HOME", HOME)).resolve()
    nix = home / "nix/usr/bin/nix"
    return Installed(
        home=home,
        program=home / "program",
        python=home / "venv/bin/python",
        nix=nix if nix.exists() else None,
        loaders=home / "loaders",
        browser=home / "browser",
        tools=home / "tools",
    )


def state(environ: Mapping[str, str] = os.environ) -> Path:
    """The state directory: NIXIE_STATE, or /var/lib/nixie."""
    return Path(environ.get("NIXIE_STATE", STATE)).resolve()


def look_seconds(environ: Mapping[str, str] = os.environ) -> float:
    """How long the evaluation of one host may take: NIXIE_LOOK_SECONDS, or 300.

    Raises Refused when it is no number from 1 to 3600.
    """
    told = environ.get(LOOK_SECONDS, "300")
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= 3_600:
        what = f"{LOOK_SECONDS} is {told!r}. Give whole seconds from 1 to 3600, or leave it out."
        raise Refused(Problem((LOOK_SECONDS,), what))
    return float(told)


def role(name: str, fault: Fault = no_fault) -> int:
    """Run one role until SIGTERM; return the exit code.  `fault` is for crash tests."""
    if name not in ROLES:
        print(f"There is no role {name}; there are {', '.join(ROLES)}.", file=sys.stderr)
        return 2
    try:
        asyncio.run(_live(PARTS[name](fault)))
    except NixieError as error:
        _last_words(name, str(error))
    except (sqlite3.Error, OSError, BaseExceptionGroup) as error:
        why = _why(error)
        if why is None:
            raise
        _last_words(name, why)
    else:
        return 0
    return 1


def _why(error: BaseException) -> str | None:
    """The sentence of a role that could not write, or was told one deep inside; None otherwise."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_why, error.exceptions)), None)
    if isinstance(error, NixieError):
        return str(error)
    full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    if full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk with {state()} is full. Make room on it; then it goes on by itself."
    return None


def _last_words(name: str, why: str) -> None:
    """Say why a role ends: to its log, and to whoever supervises it (sd_notify(3), STATUS)."""
    from services.systemd.driver import Overseer

    Overseer(os.environ.get("NOTIFY_SOCKET")).tell(f"STATUS={' '.join(why.split())}")
    with suppress(OSError):  # a full disk loses the log, not the sentence
        print(f"{name}: {why}", file=sys.stderr, flush=True)


async def _live(serving: Coroutine[None, None, None]) -> None:
    """Serve and give life signs until SIGTERM or SIGINT; the first failure ends both."""
    from services.systemd.driver import Overseer

    manager = Overseer(os.environ.get("NOTIFY_SOCKET"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(serving),
        asyncio.create_task(manager.beat()),
        asyncio.create_task(stop.wait()),
    ]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


async def _net(fault: Fault) -> None:
    from services.net.serve import serve

    await serve(state(), fault=fault)


async def _dhcp(fault: Fault) -> None:
    from appliance.store import leases
    from appliance.store.open import writer
    from services.dhcp.serve import networks, serve
    from services.netboot.probe import installed as found
    from services.systemd.driver import adopt

    here = state()
    await serve(
        adopt(os.environ),
        networks(here / "net.db"),
        writer(here / "leases.db", leases.MIGRATIONS),
        found(installed().loaders).loaders,
        _nothing,
        fault=fault,
    )


async def _dns(_fault: Fault) -> None:
    from services.dns.serve import serve
    from services.systemd.driver import adopt

    await serve(adopt(os.environ), state())


async def _boot(fault: Fault) -> None:
    from services.netboot.probe import installed as found
    from services.netboot.serve import Files, serve
    from services.systemd.driver import adopt

    here = state()
    await serve(
        adopt(os.environ),
        Files(
            published=here / "published",
            own=here / "boot.db",
            leases=here / "leases.db",
            net=here / "net.db",
            certificate=here / "secrets/web/ca.crt",
        ),
        found(installed().loaders),
        fault=fault,
    )


async def _build(fault: Fault) -> None:
    from services.nix.serve import serve

    here = state()
    await serve(
        here,
        installed(),
        here / "run/broker.sock",
        _nothing,
        look_seconds=look_seconds(),
        fault=fault,
    )


async def _web(fault: Fault) -> None:
    from services.systemd.driver import adopt
    from webui.serve import serve

    _first_revision(state())
    await serve(adopt(os.environ), state(), installed(), fault=fault)


def _first_revision(here: Path) -> None:
    """Make run/first.json revision 1, unless there is a revision already."""
    from appliance.actions.changes import propose_revision
    from appliance.actions.desk import Actor
    from appliance.actions.open import open_desk

    given = here / "run/first.json"
    desk = open_desk(here)
    try:
        if given.exists() and desk.reads.revision() is None:
            first_run = Actor("first run", frozenset({"read", "write", "admin"}), "local")
            propose_revision(desk, first_run, json.loads(given.read_text()))
    finally:
        desk.close()


def _nothing() -> None:
    """Life signs are given by `_live`, for every role alike."""


PARTS: Mapping[str, Callable[[Fault], Coroutine[None, None, None]]] = {
    "net": _net,
    "dhcp": _dhcp,
    "dns": _dns,
    "boot": _boot,
    "build": _build,
    "web": _web,
}
"""Role name to what it does."""


def router_plan(
    here: Path, *, namespace: str | None = None, admin_local_port: int | None = None
) -> "Plan":
    """What `nixie run` and `nixie lab` supervise."""
    from services.nix.daemon import conf_for, daemon_request
    from services.nix.driver import credentials_in, has_system_store
    from services.nix.request import verbs
    from services.nix.store import store_in
    from services.nix.versions import version
    from services.supervisor.plan import Plan

    found = installed()
    store = store_in(
        here, found.nix or found.home / "nix/usr/bin/nix", system_store=has_system_store(here)
    )
    return Plan(
        state=here,
        installed=found,
        namespace=namespace,
        admin_local_port=admin_local_port,
        nix_daemon=(
            (
                lambda: daemon_request(
                    store,
                    conf_for(found, store, cores=os.cpu_count() or 1),
                    version(_printed(found.nix)),
                )
            )
            if found.nix
            else None
        ),
        verbs=verbs(store, credentials_in(here)),
        environment={LOOK_SECONDS: f"{look_seconds():.0f}"},
    )


def _printed(nix: Path | None) -> str:
    """What `nix --version` says, "" when it does not run."""
    if nix is None:
        return ""
    try:
        said = subprocess.run(
            [str(nix), "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout


def run(here: Path, lan: Sequence[str] = (), upstreams: Sequence[str] = ()) -> int:
    """`nixie run`: be the router on this machine until stopped; return the exit code.

    `lan` names the ports of the first network, at the first start only.  Raises Refused when it is
    missing then: nobody answers DHCP on a port that its owner did not name.
    """
    from services.supervisor.serve import supervise

    given = here / "run/first.json"
    if not given.exists() and not (here / "nixie.db").exists():
        first = json.dumps(_first_config(tuple(lan), tuple(upstreams)))
        given.parent.mkdir(parents=True, exist_ok=True)
        given.write_text(first)
    asyncio.run(supervise(router_plan(here), _told))
    return 0


def _first_config(lan: tuple[str, ...], upstreams: tuple[str, ...]) -> Any:
    """The JSON of revision 1.  Raises Refused, naming the ports there are."""
    from appliance.first_run import first_config
    from appliance.model.read import to_json
    from hardware.probe import nics

    there = {nic.name: nic for nic in nics()}
    if not lan or set(lan) - set(there):
        listed = ", ".join(f"{nic.name} ({nic.mac})" for nic in there.values()) or "none"
        what = f"There is no port {', '.join(sorted(set(lan) - set(there)))}." if lan else (
            "This is the first start, and nobody has said yet which ports are the LAN's."
        )  # fmt: skip
        raise Refused(
            Problem(("lan",), f"{what} Say it with --lan PORT. This machine has: {listed}.")
        )
    told = subprocess.run(
        ["ip", "-json", "-4", "address"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    taken = [
        IPv4Network(f"{one['local']}/{one['prefixlen']}", strict=False)
        for link in json.loads(told or "[]")
        for one in link.get("addr_info", ())
        if link["ifname"] not in lan
    ]
    return to_json(first_config(lan, upstreams=upstreams, taken=taken))


def lab(
    here: Path,
    prefix: str,
    port: int,
    then: "Callable[[str], Chosen | None] | None",
) -> int:
    """`nixie lab`: a router in namespaces, its admin on 127.0.0.1:`port`, until stopped.

    `then` runs beside it, in a thread, and is given the admin's URL; it may choose a machine that
    is then switched on.  Raises Refused.
    """
    from services.lab.serve import stand
    from services.lab.topology import Names
    from services.supervisor.serve import supervise

    names = Names(prefix)

    async def router(stopping: asyncio.Event) -> None:
        plan = router_plan(here, namespace=names.router, admin_local_port=port)
        await supervise(plan, _told, stopping)

    chosen = None if then is None else lambda: then(f"http://127.0.0.1:{port}")
    return asyncio.run(stand(here, names, router, chosen, SAY))


def lab_boot(
    here: Path, machine: tuple[str, str, str, int], seconds: float, say: Callable[[str], None]
) -> "Booted":
    """`nixie lab boot`: what became of `machine` (name, MAC, firmware, MB).  Raises Refused."""
    from services.lab.machine import Firmware, Machine
    from services.lab.serve import visit

    name, mac, firmware, megabytes = machine
    made = Machine(name, mac.lower(), Firmware(firmware), megabytes)
    return asyncio.run(visit(here, made, seconds, say))


def prove() -> tuple[str, ...]:
    """Can each role's user read the program?  Sentences about what it cannot; () is yes."""
    from appliance.roles import CONFINED
    from services.processes.driver import ability
    from services.processes.privileges import identities
    from services.supervisor.driver import proved

    people = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    roles, confined = identities(ROLES.values(), *people)
    everyone = {**roles, **{name: confined[name] for name in CONFINED}}
    uids = [one.uid for one in everyone.values()]
    return proved(installed(), everyone, ability(uids))


def _told(event: "Event") -> None:
    """The supervisor's events, as lines."""
    from appliance.events import say

    print(f"nixie: {say(event)}", flush=True)


SAY = partial(print, flush=True)
WORKS = ("dhcp", "tftp", "boot-http", "source", "memory")


def bench(work: str) -> list[dict[str, Any]]:
    """Run one work of `nixie bench`; one result per line of its table."""
    from importlib import import_module

    driver = import_module(f"services.bench.{work.replace('-', '_')}.driver")
    needs_peers = work in {"dhcp", "boot-http"}  # what set-up unpacked to measure against
    result = driver.run(peers=installed().home / "peers") if needs_peers else driver.run()
    return result if isinstance(result, list) else [result]
