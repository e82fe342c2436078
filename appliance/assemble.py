"""DOOR: the only file that sees all rooms; it decides nothing.

It is a list: which role consists of which parts, and what each command starts.  Imports stand
inside the functions on purpose: a packet role must not load what only web needs.
`tests/rooms/test_weight.py` starts each role and holds it to that.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from appliance.errors import NixieError, why
from appliance.faults import Fault, no_fault
from appliance.model.installed import Installed
from appliance.roles import RECALL, ROLES
from appliance.signs import Signs
from appliance.variables import HOME, OF_BUILD, STATE, build_limit, look_limits

if TYPE_CHECKING:
    from appliance.events import Event
    from services.lab.serve import Booted, Chosen
    from services.nix.push.driver import Built
    from services.processes.program import Daemon
    from services.supervisor.plan import Plan
    from services.systemd.driver import Overseer

Work = Callable[[], int]


def installed(environ: Mapping[str, str] = os.environ) -> Installed:
    """Where set-up put things."""
    home = Path(HOME.text(environ)).resolve()
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


def daemon(name: str, home: Path) -> Path | None:
    """A program of others: what set-up unpacked, else the system's own."""
    places = (home / "daemons/usr/sbin", Path("/usr/sbin"), Path("/usr/bin"))
    return next((place / name for place in places if (place / name).exists()), None)


def daemons(home: Path, *, keeps_clock: bool = False) -> "Mapping[str, Daemon]":
    """The programs of others that a router runs."""
    from services.clock.chronyd import chronyd
    from services.delegation.dhcpcd import dhcpcd
    from services.pppoe.pppd import pppd
    from services.processes.program import Daemon
    from services.ra.radvd import radvd

    asks = chronyd(keeps_clock=keeps_clock)
    requests = {"radvd": radvd, "dhcpcd": dhcpcd, "pppd": pppd, "chronyd": asks}
    return {name: Daemon(daemon(name, home), request) for name, request in requests.items()}


def state(environ: Mapping[str, str] = os.environ) -> Path:
    """The state directory."""
    return Path(STATE.text(environ)).resolve()


# ── roles ────────────────────────────────────────────────────────────────────────────────────────


def role(name: str, fault: Fault = no_fault) -> int:
    """Run one role until SIGTERM; return the exit code.  `fault` is for crash tests."""
    from services.systemd.driver import Overseer

    if name not in ROLES:
        print(f"There is no role {name}; there are {', '.join(ROLES)}.", file=sys.stderr)
        return 2
    overseer = Overseer(os.environ.get("NOTIFY_SOCKET"))
    try:
        asyncio.run(_until_told(PARTS[name](fault, Signs(overseer.ready, overseer.beat))))
    except (NixieError, sqlite3.Error, OSError, BaseExceptionGroup) as error:
        if (sentence := why(error, state())) is None:
            raise
        _last_words(overseer, name, sentence)
        return 1
    return 0


def _last_words(overseer: "Overseer", name: str, sentence: str) -> None:
    """Say why a role ends: to whoever supervises it (sd_notify(3), STATUS), and to its log."""
    overseer.tell(f"STATUS={' '.join(sentence.split())}")
    with suppress(OSError):  # a full disk loses the log, not the sentence
        print(f"{name}: {sentence}", file=sys.stderr, flush=True)


async def _until_told(serving: Coroutine[None, None, None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(serving), asyncio.create_task(stop.wait())]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


async def _net(fault: Fault, signs: Signs) -> None:
    from services.net.serve import serve
    from services.systemd.driver import adopt

    ear = adopt(os.environ).get(RECALL)
    await serve(state(), signs, fault, installed().makers, ear)


async def _dhcp(fault: Fault, signs: Signs) -> None:
    from appliance.store import leases
    from appliance.store.open import writer
    from services.dhcp.follow import networks, seen
    from services.dhcp.serve import serve
    from services.netboot.probe import installed as found
    from services.systemd.driver import adopt

    here = state()
    ledger = writer(here / "leases.db", leases.MIGRATIONS)
    wanted, used = networks(here / "net.db", ledger), seen(here / "net.db")
    loaders = found(installed().loaders).loaders
    await serve(adopt(os.environ), wanted, ledger, loaders, signs, seen=used, fault=fault)


async def _dns(_fault: Fault, signs: Signs) -> None:
    from services.clock.serve import serve as serve_time
    from services.dns.serve import serve
    from services.systemd.driver import adopt

    given = adopt(os.environ)
    clock = {name: given.pop(name) for name in tuple(given) if name.startswith("ntp")}
    async with asyncio.TaskGroup() as group:
        group.create_task(serve_time(clock))
        group.create_task(serve(given, state(), signs))


async def _wan(_fault: Fault, signs: Signs) -> None:
    from services.wan.serve import serve

    await serve(state(), signs)


async def _notice(_fault: Fault, signs: Signs) -> None:
    from services.notices.serve import serve
    from services.public_names.serve import serve as serve_public_names
    from services.systemd.driver import adopt

    ear = adopt(os.environ).get(RECALL)
    await asyncio.gather(serve(state(), ear, signs), serve_public_names(state()))


async def _boot(fault: Fault, signs: Signs) -> None:
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
            nixie=here / "nixie.db",
            certificate=here / "secrets/web/ca.crt",
            build=here / "build.db",
        ),
        found(installed().loaders),
        signs=signs,
        fault=fault,
    )


async def _build(fault: Fault, signs: Signs) -> None:
    from services.nix.serve import serve

    here = state()
    seconds, memory = look_limits(os.environ)
    await serve(
        here,
        installed(),
        here / "run/broker.sock",
        signs,
        look_seconds=seconds,
        look_bytes=memory,
        fault=fault,
    )


async def _web(fault: Fault, signs: Signs) -> None:
    from services.systemd.driver import adopt
    from webui.serve import serve

    await serve(adopt(os.environ), state(), installed(), signs, fault=fault)


PARTS: Mapping[str, Callable[[Fault, Signs], Coroutine[None, None, None]]] = {
    "net": _net,
    "dhcp": _dhcp,
    "dns": _dns,
    "wan": _wan,
    "notice": _notice,
    "boot": _boot,
    "build": _build,
    "web": _web,
}
"""Role name to what it does."""


def become(*words: str) -> NoReturn:
    """Go on as another program of ours: this process, without what it has loaded so far."""
    flags = [] if sys.flags.safe_path is False else ["-P"]
    os.execv(sys.executable, [sys.executable, *flags, "-m", "appliance", *words])


# ── commands ─────────────────────────────────────────────────────────────────────────────────────


def router_plan(
    here: Path,
    *,
    first: str | None = None,
    namespace: str | None = None,
    admin_local_port: int | None = None,
    keeps_clock: bool = False,
) -> "Plan":
    """What `nixie run` and `nixie lab` supervise; `first` is the JSON of revision 1.

    With `keeps_clock` the machine's clock is ours to turn.  Raises Refused when a variable is set
    wrong.
    """
    from services.dns.request import verbs as verbs_of_names
    from services.nix.daemon import bounds_for
    from services.nix.driver import has_system_store, memory_installed
    from services.nix.offer.driver import daemon_of, verbs
    from services.nix.store import store_in
    from services.supervisor.plan import Plan

    found = installed()
    nix = found.nix or found.home / "nix/usr/bin/nix"
    store = store_in(here, nix, system_store=has_system_store(here))
    bounds = bounds_for(memory_installed(), build_limit(os.environ))
    look_limits(os.environ)  # so that they are refused here, not in the role
    return Plan(
        state=here,
        installed=found,
        namespace=namespace,
        admin_local_port=admin_local_port,
        first=first,
        nix_daemon=partial(daemon_of, found, store, bounds) if found.nix else None,
        daemons=daemons(found.home, keeps_clock=keeps_clock),
        verbs={**verbs(store, here), **verbs_of_names()},
        environment={one.name: one.text(os.environ) for one in OF_BUILD},
    )


def run(here: Path, lan: Sequence[str] = (), upstreams: Sequence[str] = (), wan: str = "") -> int:
    """`nixie run`: be the router on this machine until stopped; return the exit code.

    `lan` names the ports of the first network and `wan` the internet's, at the first start only.
    Raises Refused when `lan` is missing then: nobody answers DHCP on a port that its owner did not
    name.
    """
    from appliance.first_run import TOO_LATE, first_config, ports, way_out
    from appliance.model.cards import names
    from appliance.model.read import to_json
    from appliance.store.open import started
    from hardware.probe import networks, nics
    from services.clock.probe import keepers
    from services.supervisor.serve import supervise

    first = None
    if not (here / "run/first.json").exists() and not started(here / "nixie.db"):
        there = nics()
        named = ports(lan, there)
        config = first_config(
            named,
            wan=way_out(wan, named, there),
            upstreams=upstreams,
            taken=networks(but=[names(there).get(one, one) for one in (*named, wan)]),
            entropy=os.urandom(5),
        )
        first = json.dumps(to_json(config))
    elif lan or upstreams or wan:
        SAY(f"nixie: {TOO_LATE}")
    if others := keepers():
        SAY(f"nixie: {' and '.join(others)} keeps this machine's clock; Nixie serves it as it is.")
    asyncio.run(supervise(router_plan(here, first=first, keeps_clock=not others), _told))
    return 0


def lab(here: Path, prefix: str, port: int, then: "Callable[[str], Chosen | None] | None") -> int:
    """`nixie lab`: a router in namespaces, its admin on 127.0.0.1:`port`, until stopped.

    `then` runs beside it, in a thread, and is given the admin's URL; it may choose a machine that
    is then switched on.  Raises Refused.
    """
    from appliance.model.read import to_json
    from services.lab.serve import first_config, stand
    from services.lab.topology import Names
    from services.supervisor.serve import supervise

    names = Names(prefix)

    async def router(stopping: asyncio.Event) -> None:
        first = json.dumps(to_json(first_config(os.urandom(5))))
        plan = router_plan(here, first=first, namespace=names.router, admin_local_port=port)
        await supervise(plan, _told, stopping)

    chosen = None if then is None else lambda: then(f"http://127.0.0.1:{port}")
    return asyncio.run(stand(here, names, router, chosen, SAY))


def name_lab(prefix: str) -> None:
    """Raises Refused when no lab may have that prefix."""
    from services.lab.topology import Names

    Names(prefix)


def lab_boot(
    here: Path, machine: tuple[str, str, str, int], seconds: float, say: Callable[[str], None]
) -> "Booted":
    """`nixie lab boot`: what became of `machine` (name, MAC, firmware, MB).  Raises Refused."""
    from services.lab.machine import Firmware, Machine
    from services.lab.serve import visit

    name, mac, firmware, megabytes = machine
    made = Machine(name, mac.lower(), Firmware(firmware), megabytes)
    return asyncio.run(visit(here, made, seconds, say))


def built_here(flake: str, host: str, *, as_built: bool) -> "Built":
    """`nixie host push`: a host of a flake, built on this computer.  Raises Refused."""
    from services.nix.push.driver import built

    return built(installed().nix, flake, host, as_built=as_built)


def prove() -> tuple[str, ...]:
    """Can each role's user read the program?  Sentences about what it cannot; () is yes."""
    from services.supervisor.proof.driver import proved
    from services.supervisor.users.probe import users

    here = users(ROLES.values())
    return proved(installed(), {**here.roles, **here.confined}, here.able)


def _told(event: "Event") -> None:
    """The supervisor's events, as lines."""
    from appliance.events import say

    print(f"nixie: {say(event)}", flush=True)


SAY = partial(print, flush=True)
PEERED = ("dhcp", "dns", "boot-http", "cache")  # measured against what set-up unpacked
WORKS = (*PEERED, "tftp", "firewall", "change", "forward", "source", "build", "memory")


def bench(work: str) -> list[dict[str, Any]]:
    """Run one work of `nixie bench`; one result per line of its table."""
    from importlib import import_module

    driver = import_module(f"services.bench.{work.replace('-', '_')}.driver")
    result = driver.run(peers=installed().home / "peers") if work in PEERED else driver.run()
    return result if isinstance(result, list) else [result]
