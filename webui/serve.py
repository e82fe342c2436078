"""The door of the admin: uvicorn on sockets that somebody else opened.

`admin.<link>` is HTTPS with the box's own CA, any other name (`admin-local`) plain HTTP, which is
for loopback only; our own socket in STATE/secrets/web is for the box's command line.
Certificates are STATE/secrets/web/{ca,leaf}.{crt,key}; the supervisor may hand ca.crt to anybody.
The leaf is made again, without a restart, when `net` publishes an address that it lacks, and before
it ends.
"""

import asyncio
import json
import logging
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from appliance.actions import access, changes, sources
from appliance.actions.desk import Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.clock import Clock, believed
from appliance.faults import Fault, no_fault
from appliance.model.installed import Installed
from appliance.model.slices import TimeSlice
from appliance.signs import NO_SIGNS, Signs
from appliance.store.follow import Follower
from appliance.store.secrets.open import Secrets
from webui.app import application, own_names
from webui.listening.serve import Limits, listen

BEAT_SECONDS = 2.0
LOOK_SECONDS = 1.0  # between two looks at what net published
RENEW_SECONDS = 3600.0  # between two looks at the calendar
OWN_SOCKET = "api.sock"
RENEW_DAYS = 30  # before the end
THREADS = 8
"""Requests carried out at once; each thread costs memory, and SQLite writes one by one anyway."""

LOG = logging.getLogger("nixie.web")


async def serve(
    sockets: Mapping[str, socket.socket],
    state: Path,
    installed: Installed,
    signs: Signs = NO_SIGNS,
    fault: Fault = no_fault,
    passwords: Passwords | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve until cancelled.  `sockets` by LISTEN_FDNAMES name.

    `passwords` are checked at full strength unless another checker is given; `limits` are those of
    every server.  Our own socket has a server to itself: nobody else can fill it.
    Raises Unreachable when STATE was written by a newer Nixie, or cannot be written.
    """
    desk = open_desk(state, passwords, fault=fault)
    try:
        changes.begin(desk, _first(state / "run" / "first.json"))
        access.local_token(desk)
        sources.sweep_credentials(desk)
        announce(desk)
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        app = application(desk, installed)
        async with asyncio.TaskGroup() as group:
            secure = {n: one for n, one in sockets.items() if n.startswith("admin.")}
            plain = [one for name, one in sockets.items() if name not in secure]
            own = _own_socket(state / "secrets" / "web")
            servers = [(_config(app), [own])]
            if plain:
                servers.append((_config(app), plain))
            if secure:
                config = _secure_config(app, desk, state)
                group.create_task(_renewing(config, desk))
                servers.append((config, list(secure.values())))
            for config, listening in servers:
                group.create_task(listen(config, listening, limits))
            await asyncio.sleep(0)  # each of them takes connections now
            signs.ready()
            await _beating(desk, signs.beat)
    finally:
        desk.close()


def _first(given: Path) -> str | None:
    """The first configuration of a fresh router, as its supervisor left it."""
    return given.read_text() if given.exists() else None


def _own_socket(folder: Path) -> socket.socket:
    """A socket in our folder, for whoever may look into it: root's command line on this box.

    It is there in every network namespace and under every certificate.  The folder is named by a
    descriptor, because a socket's path has 108 characters at most (unix(7)).
    """
    own = socket.socket(socket.AF_UNIX)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        (folder / OWN_SOCKET).unlink(missing_ok=True)
        own.bind(f"/proc/self/fd/{handle}/{OWN_SOCKET}")
        (folder / OWN_SOCKET).chmod(0o600)
    finally:
        os.close(handle)
    own.listen(16)
    own.setblocking(False)
    return own


def announce(desk: Desk) -> None:
    """Print the claim code to the log while the router has no owner."""
    code = access.claim_code(desk)
    if code is not None:
        LOG.warning("This router has no owner yet. Its claim code is %s", code)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=30,
    )


def _secure_config(app: ASGIApp, desk: Desk, state: Path) -> uvicorn.Config:
    folder = state / "secrets" / "web"
    _renewed(desk)
    config = _config(app)
    config.ssl_certfile, config.ssl_keyfile = folder / "leaf.crt", folder / "leaf.key"
    config.load()
    assert config.ssl is not None
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


def own_addresses(desk: Desk) -> set[str]:
    """Names and addresses that the certificate is for."""
    slices = desk.reads.slices()
    networks = slices.dns.networks if slices else ()
    return own_names(desk) | {"localhost", "127.0.0.1", *(str(n.address.ip) for n in networks)}


def _certify(secrets: Secrets, names: set[str], now: float) -> bool:
    """Have a leaf for `names`; True when a new one was made.

    `leaf.json` says what the leaf is good for, so that a box with a good one never loads
    `certificates`, which takes 8 MB.
    """
    good = json.loads(secrets.read("leaf.json") or "{}")
    if names <= set(good.get("names", ())) and now < good.get("renew_at", 0):
        return False
    from webui import certificates

    ca_certificate, ca_key = secrets.read("ca.crt"), secrets.read("ca.key")
    if ca_certificate and ca_key:
        ca = certificates.Pair(ca_certificate, ca_key)
    else:
        ca = certificates.authority("Nixie Router", now)
        secrets.write("ca.key", ca.key)
        secrets.write("ca.crt", ca.certificate, mode=0o644)
    fresh = certificates.leaf(ca, names, now)
    secrets.remove("leaf.json")
    secrets.write("leaf.key", fresh.key)
    secrets.write("leaf.crt", fresh.certificate, mode=0o644)
    renew_at = now + (certificates.LEAF_DAYS - RENEW_DAYS) * 86400
    told = {"names": sorted(names), "renew_at": renew_at}
    secrets.write("leaf.json", json.dumps(told).encode())
    return True


async def _renewing(config: uvicorn.Config, desk: Desk) -> None:
    """Certify again whenever `net` published something, and now and then for the date."""
    net, clock = Follower(desk.reads.state / "net.db"), asyncio.get_running_loop().time
    looked_at = clock()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if not net.changed() and clock() - looked_at < RENEW_SECONDS:
            continue
        looked_at = clock()
        with suppress(OSError):  # a full disk: the certificate before goes on
            if await asyncio.to_thread(_renewed, desk) and config.ssl is not None:
                config.ssl.load_cert_chain(str(config.ssl_certfile), str(config.ssl_keyfile))


def _renewed(desk: Desk) -> bool:
    slices = desk.reads.slices()
    time = slices.time if slices else TimeSlice()
    now = believed(Clock(time.trusted, time.floor), desk.now())
    return _certify(desk.secrets, own_addresses(desk), now)


async def _beating(desk: Desk, beat: Callable[[], None]) -> None:
    """Say that we live, as long as the threads that carry out requests get through to the database.

    It waits in their queue: with all of them stuck it is silent.
    """
    while True:
        await anyio.to_thread.run_sync(access.is_claimed, desk)
        beat()
        await asyncio.sleep(BEAT_SECONDS)
