"""The door of the admin: uvicorn on sockets that somebody else opened.

`admin.<link>`, and `admin6.<link>` for IPv6, is HTTPS with the box's own CA, any other name
(`admin-local`) plain HTTP, which is for loopback only; our own socket in STATE/secrets/web is for
the box's command line; the supervisor hands it to us (`own`), so that it outlives us.
Certificates are STATE/secrets/web/{ca,leaf}.{crt,key}; the supervisor may hand ca.crt to anybody.
The leaf is made again, without a restart, when `net` publishes an address that it lacks, and before
it ends.
"""

import asyncio
import logging
import os
import socket
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from appliance.actions import access, changes, files, sources
from appliance.actions.desk import Desk
from appliance.actions.open import open_desk
from appliance.actions.passwords import Passwords
from appliance.clock import Clock, believed
from appliance.errors import Unreachable
from appliance.faults import Fault, no_fault
from appliance.model.config import RouterConfig
from appliance.model.installed import Installed
from appliance.model.prefixes import prefixes, router_address
from appliance.model.slices import TimeSlice
from appliance.roles import OWN
from appliance.signs import NO_SIGNS, Signs
from appliance.store.follow import Follower
from appliance.store.standing.open import hardened
from webui.app import application, names_of, own_names
from webui.certificates.driver import certify
from webui.listening.serve import Limits, listen

BEAT_SECONDS = 2.0
LOOK_SECONDS = 1.0  # between two looks at what net published
RENEW_SECONDS = 3600.0  # between two looks at the calendar
SWEEP_SECONDS = 600.0  # between two looks at files that were sent
OWN_SOCKET = "api.sock"
SECURE = ("admin.", "admin6.")
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
    On a disk that can only be read it shows what there is.  Raises Unreachable when STATE was
    written by a newer Nixie, or cannot be written, or from now on can only be read: we start anew.
    """
    desk = open_desk(state, passwords, fault=fault)
    papers = Papers(desk)
    desk = replace(desk, expect=papers.expect)
    try:
        if desk.lasting:
            changes.begin(desk, _first(state / "run" / "first.json"))
            sources.sweep_credentials(desk)
            announce(desk)
        access.local_token(desk)
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        app = application(desk, installed)
        async with asyncio.TaskGroup() as group:
            if desk.lasting:
                group.create_task(_sweeping(desk))
            secure = {n: one for n, one in sockets.items() if n.startswith(SECURE)}
            plain = [one for name, one in sockets.items() if name not in (*secure, OWN)]
            own = sockets.get(OWN) or _own_socket(state / "secrets" / "web")
            servers = [(_config(app), [own])]
            if plain:
                servers.append((_config(app), plain))
            if secure:
                config = _secure_config(app, papers, state)
                group.create_task(papers.renewing())
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


async def _sweeping(desk: Desk) -> None:
    """Files that were sent go once they are in an image."""
    while True:
        with suppress(OSError, Unreachable, sqlite3.Error):  # the next look does it
            await asyncio.to_thread(files.sweep_files, desk)
        await asyncio.sleep(SWEEP_SECONDS)


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


def _secure_config(app: ASGIApp, papers: "Papers", state: Path) -> uvicorn.Config:
    folder = state / "secrets" / "web"
    try:
        papers.renewed()
    except OSError:  # no room for a new one: the one before goes on, if there is one
        if not (folder / "leaf.crt").exists():
            raise
    config = _config(app)
    config.ssl_certfile, config.ssl_keyfile = folder / "leaf.crt", folder / "leaf.key"
    config.load()
    assert config.ssl is not None
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    papers.shown_by(config)
    return config


def own_addresses(desk: Desk) -> set[str]:
    """Names and addresses that the certificate is for: those in force, tried, and leaving."""
    slices = desk.reads.slices()
    networks = slices.dns.networks if slices else ()
    ours = {
        str(one.ip)
        for network in networks
        for one in (network.address, *network.stays, *network.six)
    }
    named = own_names(desk) | {"localhost", "127.0.0.1"} | ours
    return named.union(*map(named_in, changes.configs_at_work(desk)))


def named_in(config: RouterConfig) -> set[str]:
    """Names and addresses that a router with this configuration has."""
    addresses = {str(network.address.ip) for network in config.networks}
    own = prefixes(config, None)  # a delegated prefix comes when it comes
    six = {
        str(router_address(one, prefix).ip)
        for one in config.networks
        for prefix in own.get(one.name, ())
    }
    return addresses | six | names_of(config.hostname, config.domain)


class Papers:
    """The certificate that is shown, and who makes it again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._one = threading.Lock()  # at a time: a thread that expects, or the one that renews
        self._config: uvicorn.Config | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def shown_by(self, config: uvicorn.Config) -> None:
        """From now on this server has every new one."""
        self._config, self._loop = config, asyncio.get_running_loop()

    def expect(self, config: RouterConfig) -> None:
        """Have a certificate for where `config` leads, before it is asked for, if we show one.

        Raises Unreachable when it cannot be stored: nobody is sent where no browser would follow.
        """
        if self._config is None:
            return  # plain HTTP, as in the lab
        try:
            self.renewed(named_in(config))
        except OSError as error:
            what = f"The certificate for the new addresses cannot be stored ({error.strerror})."
            raise Unreachable(f"{what} Make room on the router's disk, then apply again.") from None

    def renewed(self, more: Iterable[str] = ()) -> None:
        """Certify again where that is due.  Raises OSError on a disk that is full, Unreachable."""
        with self._one:
            names = own_addresses(self._desk).union(more)
            fresh = certify(self._desk.secrets, names, _today(self._desk))
            if fresh and self._loop is not None:
                # between two handshakes: one in the middle would have the old key, or the new
                self._loop.call_soon_threadsafe(self._show)

    def _show(self) -> None:
        if self._config is not None and self._config.ssl is not None:
            chain = str(self._config.ssl_certfile), str(self._config.ssl_keyfile)
            self._config.ssl.load_cert_chain(*chain)

    async def renewing(self) -> None:
        """Certify again whenever `net` published something, and now and then for the date."""
        net = Follower(self._desk.reads.state / "net.db")
        clock = asyncio.get_running_loop().time
        looked_at = clock()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not net.changed() and clock() - looked_at < RENEW_SECONDS:
                continue
            looked_at = clock()
            with suppress(OSError, Unreachable):  # a full disk: the certificate before goes on
                await asyncio.to_thread(self.renewed)


async def _beating(desk: Desk, beat: Callable[[], None]) -> None:
    """Say that we live, as long as the threads that carry out requests get through to the database.

    It waits in their queue: with all of them stuck it is silent.  Raises Unreachable when the disk
    from now on can only be read.
    """

    def look() -> None:
        access.is_claimed(desk)
        if desk.lasting and (what := hardened(desk.reads.state)):
            raise Unreachable(what)

    while True:
        await anyio.to_thread.run_sync(look)
        beat()
        await asyncio.sleep(BEAT_SECONDS)


def _today(desk: Desk) -> float:
    """The time that a certificate is dated by."""
    slices = desk.reads.slices()
    time = slices.time if slices else TimeSlice()
    return believed(Clock(time.trusted, time.floor), desk.now())
