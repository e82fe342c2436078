"""A router's pipeline for live tests: real daemon, real broker, the build role as its own user.

Everything lies in one folder below NIXIE_HOME (never below /tmp, which nix distrusts) and goes
with it.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from appliance.actions import caches, sources
from appliance.actions.desk import Actor, Desk
from appliance.actions.open import open_desk
from appliance.errors import Unreachable
from appliance.model.caches import Said, wanted
from appliance.model.images import Image, image_from_json
from appliance.model.installed import Installed
from appliance.model.table import Table, table_from_json
from appliance.roles import CONFINED, GROUP, ROLES
from appliance.store import builds as built_rows
from appliance.store import journal
from appliance.store.builds import BuildRow, GenerationRow, SourceStateRow
from appliance.store.open import begin, hold, reader
from services.nix.daemon import bounds_for, conf_for, daemon_request
from services.nix.driver import memory_installed
from services.nix.publish.driver import published_image
from services.nix.store import Store, store_in
from services.nix.supply.kept import driver as kept
from services.nix.versions import version
from services.processes.cgroups.driver import made as groups_made
from services.processes.cgroups.driver import removed
from services.processes.cgroups.place import Bounds, Group
from services.processes.driver import ability
from services.processes.privileges import bounded
from tests.live.standing import ROOMS
from tests.live.waiting import until

HOME = Path(os.environ.get("NIXIE_HOME", "/opt/nixie"))
NIX = HOME / "nix/usr/bin/nix"
OLD_NIX = HOME / "nix28/usr/bin/nix"
CHECKOUT = Path(__file__).parents[2]
OWNER = Actor("owner", frozenset({"read", "write", "admin"}), "local")

BROKER = """
import asyncio, socket, sys
from pathlib import Path
from appliance.model.installed import Installed
from appliance.roles import ROLES
from services.nix.offer.driver import verbs
from services.nix.store import store_in
from services.processes.driver import ability
from services.processes.privileges import identities
from services.processes.serve import Broker, serve
state, nix, program = (Path(word) for word in sys.argv[1:4])
roles, confined = identities(ROLES.values(), "", "")
installed = Installed(nix.parent, program, Path(sys.executable), nix, nix, nix, nix)
store = store_in(state, nix, system_store=False)
broker = Broker(
    installed=installed,
    verbs=verbs(store, state),
    callers={who.uid: frozenset({name}) for name, who in roles.items()},
    users=confined,
    ability=ability([one.uid for one in (*roles.values(), *confined.values())]),
)
listening = socket.socket(fileno=int(sys.argv[4]))
asyncio.run(serve(listening, broker))
"""

ROLE = """
import asyncio, json, sys
from pathlib import Path
from appliance.model.installed import Installed
from appliance.signs import NO_SIGNS
from services.nix import serve
from services.nix.remote import serve as remote
from services.nix.supply import serve as supply
from services.nix.works import serve as queue
state, nix, program = (Path(word) for word in sys.argv[1:4])
queue.PAUSE_SECONDS = 0.2
remote.WATCH_SECONDS = supply.WATCH_SECONDS = 1.0
options = json.loads(sys.argv[4])
installed = Installed(nix.parent, program, Path(sys.executable), nix, nix, nix, nix)
asyncio.run(
    serve.serve(state, installed, state / "run/broker.sock", NO_SIGNS, **options)
)
"""


@dataclass
class Place:
    """One pipeline.  `role` is the running build role, None while it is stopped."""

    folder: Path
    desk: Desk
    store: Store
    installed: Installed
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    role: subprocess.Popen[bytes] | None = None
    daemon: subprocess.Popen[bytes] | None = None
    options: dict[str, Any] = field(default_factory=dict)  # of the build role
    conf: dict[str, Any] = field(default_factory=dict)  # of the daemon
    front: tuple[str, ...] = ()  # words before every command: how to enter a namespace
    bounds: Bounds | None = None  # of the daemon with all that it builds
    groups: tuple[Group, ...] = ()  # by which it is held to them
    held: sqlite3.Connection | None = None  # as the supervisor holds it: no log that is root's

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def flakes(self) -> Path:
        """Where local sources may lie."""
        return self.folder / "flakes"

    def start_role(self, code: str = ROLE) -> None:
        """Start the build role; `code` instead of the usual lines that do so."""
        build = ROLES["build"]
        self.role = self._spawn(
            ["setpriv", "--reuid", str(build.uid), "--regid", str(GROUP[1]), "--clear-groups"],
            code,
            json.dumps(self.options),
        )

    def kill_role(self) -> None:
        assert self.role is not None
        self.role.send_signal(signal.SIGKILL)
        self.role.wait(60)
        self.role = None

    def add(self, url: str, **options: Any) -> str:
        """Add a source as the owner does; returns its id."""
        options = {"interval_seconds": 0, **options}
        return sources.add_source(self.desk, OWNER, url, **options).subject

    def refresh(self, source: str) -> str:
        """Ask for a refresh and wait for its end; returns the sentence."""
        wish = sources.refresh_source(self.desk, OWNER, source).wish
        event = until(
            lambda: next((one for one in self.events() if getattr(one, "wish", "") == wish), None),
            f"an answer to the refresh of {source}",
            300,
        )
        return str(getattr(event, "what", ""))

    def events(self) -> list[Any]:
        return self.look(lambda it: [one.event for one in journal.read(it, 0, 10_000)]) or []

    def source(self, ident: str) -> SourceStateRow | None:
        return (self.look(built_rows.source_states) or {}).get(ident)

    def settled(self, ident: str, seconds: float = 300) -> SourceStateRow:
        """Wait until a source is ready or unreadable."""

        def ended() -> SourceStateRow | None:
            row = self.source(ident)
            return row if row and row.state in {"ready", "unreadable"} else None

        try:
            return until(ended, f"source {ident} is settled", seconds)
        except AssertionError as late:
            shown = ["ps", "-eo", "pid,ppid,stat,wchan:20,etime,user,args"]
            found = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
            ours = [line for line in found.splitlines() if str(self.folder) in line]
            told = [str(late), str(self.source(ident)), *ours, self.said()]
            raise AssertionError("\n".join(told)) from late

    def verdicts(self, ident: str) -> dict[str, Any]:
        found = self.look(lambda it: built_rows.verdicts(it, ident)) or []
        return {one.name: one for one in found}

    def builds(self, host: str) -> list[BuildRow]:
        return self.look(lambda it: built_rows.builds(it, host=host)) or []

    def built(self, host: str, seconds: float = 300) -> BuildRow:
        """Wait until the newest build of a host has ended."""

        def ended() -> BuildRow | None:
            rows = self.builds(host)
            return rows[0] if rows and rows[0].state not in {"queued", "running"} else None

        return until(ended, f"the build of {host} ends", seconds)

    def until_generation(self, host: str, number: int, seconds: float = 300) -> None:
        """Wait until a host has its generation `number`."""

        def there() -> bool:
            rows = self.generations(host)
            return bool(rows) and rows[0].number == number

        until(there, f"{host} has generation {number}", seconds)

    def until_unserved(self, host: str) -> None:
        """Wait until machines get nothing of a host."""
        until(lambda: host not in self.table().hosts, f"{host} is not served")

    def generations(self, host: str) -> list[GenerationRow]:
        return self.look(lambda it: built_rows.generations(it, host)) or []

    def image(self, ident: str) -> Image:
        told = published_image(self.state / "published", ident)
        assert told is not None
        return image_from_json(told)

    def table(self) -> Table:
        return table_from_json(json.loads((self.state / "published/table.json").read_text()))

    def log(self, row: BuildRow) -> str:
        return (self.state / "logs/builds" / row.log).read_text()

    def collect_garbage(self) -> str:
        """Run the garbage collector as root; returns what it said."""
        done = subprocess.run(
            [self.store.program("nix-store"), "--gc"],
            env=dict(self.store.environment("/tmp")),
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        return done.stdout + done.stderr

    def said(self) -> str:
        """The last words of the roles."""
        return (self.folder / "said.log").read_text(errors="replace")[-3000:]

    def client(self, *argv: str) -> str:
        """A nix program as root against our daemon."""
        done = subprocess.run(
            [self.store.program(argv[0]), *argv[1:]],
            env=dict(self.store.environment("/tmp")),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def flake(self, name: str, files: dict[str, str | bytes]) -> Path:
        """A directory with these files, readable for everybody."""
        folder = self.flakes / name
        for path, text in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
            place.chmod(0o755 if path.startswith("bin/") else 0o644)
        return folder

    def look(self, question: Callable[[Any], Any]) -> Any:
        try:
            connection = reader(self.state / "build.db")
        except Unreachable:
            return None
        try:
            return question(connection)
        except sqlite3.OperationalError as error:
            if "no such" in str(error):  # the role is making its tables
                return None
            raise
        finally:
            connection.close()

    def _spawn(
        self, front: list[str], code: str, word: str, passed: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        argv = [*self.front, *front, sys.executable, "-c", code]
        argv += [str(self.state), str(self.store.nix), str(self.installed.program), word]
        with (self.folder / "said.log").open("ab") as log:
            child = subprocess.Popen(
                argv,
                cwd=self.installed.program,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
                pass_fds=passed,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.children.append(child)
        return child

    def start_broker(self) -> None:
        path = self.state / "run/broker.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(path))
            path.chmod(0o666)
            listening.listen()
            self._spawn([], BROKER, str(listening.fileno()), (listening.fileno(),))

    def ask(self, *asked: str) -> None:
        """These are the caches, each URL=KEY, and our daemon knows them."""
        for before in self.desk.reads.caches():
            caches.remove_cache(self.desk, OWNER, before.id)
        for one in asked:
            url, _, key = one.partition("=")
            caches.save_cache(self.desk, OWNER, "", Said(url, key))
        kept.write(self.store, wanted(self.desk.reads.caches()))

    def start_daemon(self) -> None:
        told = kept.read(kept.text(self.store))
        conf = replace(conf_for(self.installed, self.store, cores=2, caches=told), **self.conf)
        known = version(self.client("nix", "--version"))
        asked = daemon_request(self.store, conf, known, bounds_for(memory_installed()))
        for folder in asked.folders:
            folder.path.mkdir(parents=True, exist_ok=True)
            folder.path.chmod(folder.mode)
            if folder.owner != "root":
                os.chown(folder.path, CONFINED[folder.owner][1], CONFINED[folder.owner][1])
        for path, text in asked.files.items():
            path.write_text(text)
        with (self.folder / "daemon.log").open("ab") as log:
            child = subprocess.Popen(
                [*self.front, *self._bounded(), *asked.argv],
                env={"PATH": os.environ["PATH"], **asked.env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.children.append(child)
        self.daemon = child
        until(self._answers, "the daemon listens")

    def _bounded(self) -> list[str]:
        if self.bounds is None:
            return []
        self.groups = self.groups or groups_made(self.bounds)
        able = ability([0])
        return bounded(able, [str(one.folder / "cgroup.procs") for one in self.groups], self.bounds)

    def restart_daemon(self) -> None:
        """Kill the daemon with everything it runs, and start it again."""
        assert self.daemon is not None
        os.killpg(self.daemon.pid, signal.SIGKILL)
        self.daemon.wait(60)
        for child in subprocess.run(
            ["pgrep", "-f", f"nix-daemon .*{self.store.root}"], capture_output=True, text=True,
            check=False,
        ).stdout.split():  # fmt: skip
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self.start_daemon()

    def stop(self) -> None:
        """End everything that was started here."""
        for child in reversed(self.children):
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait(60)
        removed(self.groups)
        self.desk.close()
        if self.held is not None:
            self.held.close()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            return asking.connect_ex(str(self.store.socket)) == 0


@contextmanager
def place(
    *,
    role: bool = True,
    nix: Path = NIX,
    store_bytes: int = 0,
    asked: str = "",
    options: dict[str, Any] | None = None,
    front: tuple[str, ...] = (),
    bounds: Bounds | None = None,
    **conf: Any,
) -> Iterator[Place]:
    """A pipeline that runs, in a folder of its own; `store_bytes`: on a disk of that size.

    `asked` are binary caches as URL=KEY, with spaces between, `options` more for the build role,
    `conf` for the daemon and `bounds` for all that it builds, `front` words before the command of
    each process.
    """
    folder = HOME / f"state-test-{uuid.uuid4().hex[:8]}"
    store = folder / "state/store"
    made: Place | None = None
    try:
        made = _made(folder, nix)
        made.options, made.conf, made.front = options or {}, conf, front
        made.bounds = bounds
        made.ask(*asked.split())
        if store_bytes:
            size = f"size={store_bytes},mode=0755"
            words = ["mount", "-t", "tmpfs", "-o", size, "nixie-test", str(store)]
            subprocess.run(words, check=True)
            (store / "nix").mkdir()
        made.start_daemon()
        made.start_broker()
        if role:
            made.start_role()
        yield made
    finally:
        if made is not None:
            made.stop()
        if store_bytes:
            subprocess.run(["umount", "-l", str(store)], check=False)
        _removed(folder)


def _made(folder: Path, nix: Path) -> Place:
    state, program, flakes = (folder / name for name in ("state", "program", "flakes"))
    for one in (program, flakes, state / "run", state / "store/nix"):
        one.mkdir(mode=0o755, parents=True)
    for room in ROOMS:
        shutil.copytree(
            CHECKOUT / room, program / room, ignore=shutil.ignore_patterns("__pycache__")
        )
    os.chown(state, 0, GROUP[1])
    state.chmod(0o1775)
    desk = open_desk(state)
    keys = state / "secrets/build"
    keys.mkdir(parents=True, exist_ok=True)
    os.chown(keys, ROLES["build"].uid, GROUP[1])
    keys.chmod(0o750)
    keys.parent.chmod(0o751)
    uploads = state / "uploads"
    uploads.mkdir()
    os.chown(uploads, 0, GROUP[1])
    uploads.chmod(0o2750)
    sources.allow_directory(desk, OWNER, str(flakes))
    begin(state / "build.db")
    os.chown(state / "build.db", ROLES["build"].uid, GROUP[1])
    return Place(
        folder,
        desk,
        store_in(state, nix, system_store=False),
        Installed(HOME, program, Path(sys.executable), nix, HOME, HOME, HOME),
        held=hold(state / "build.db"),
    )


def _removed(folder: Path) -> None:
    """The folder goes; store paths are read-only, which does not stop root."""
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
