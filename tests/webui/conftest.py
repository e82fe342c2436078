"""The admin on a real socket over real files, asked by a real client."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from appliance.actions.passwords import Passwords
from appliance.faults import Fault, no_fault
from appliance.model.installed import Installed
from appliance.signs import Signs
from appliance.store import builds
from appliance.store.open import writer
from webui.listening.serve import Limits
from webui.serve import serve

PASSWORD = "four words in a row"
QUICK = Passwords(memory_kib=64, rounds=1)
"""Too weak for anybody but a test."""


def installed_in(home: Path) -> Installed:
    """An installation with nothing in it."""
    return Installed(home, home, home / "python", None, home, home, home)


@contextmanager
def serving(
    state: Path,
    name: str = "admin-local",
    *,
    beat: Callable[[], None] = lambda: None,
    fault: Fault = no_fault,
    limits: Limits | None = None,
    at: str = "127.0.0.1",
) -> Iterator[int]:
    """`serve` in a thread of its own; yields its port once it is ready.

    Raises whatever ended it before it was told to.
    """
    family = socket.AF_INET6 if ":" in at else socket.AF_INET
    listening = socket.create_server((at, 0), family=family)
    port = int(listening.getsockname()[1])
    alive = threading.Event()
    stop: list[Callable[[], object]] = []
    failed: list[BaseException] = []

    async def whole() -> None:
        task = asyncio.ensure_future(
            serve(
                {name: listening},
                state,
                installed_in(state),
                Signs(alive.set, beat),
                fault,
                QUICK,
                limits,
            )
        )
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(task.cancel))
        try:
            await task
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            failed.append(error)
            alive.set()

    thread = threading.Thread(target=lambda: asyncio.run(whole()))
    thread.start()
    assert alive.wait(30)
    try:
        if failed:
            raise failed[0]
        yield port
    finally:
        with suppress(RuntimeError):  # it has ended by itself, and its loop with it
            stop[0]()
        thread.join(20)
        listening.close()
        assert not thread.is_alive()
        if failed:
            raise failed[0]


@dataclass(frozen=True)
class Admin:
    """A running admin: where it is, what it lies on."""

    url: str
    state: Path

    def client(self, **headers: str) -> httpx.Client:
        """Somebody without a cookie."""
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def local(self) -> httpx.Client:
        """Somebody with the box's own key."""
        secret = (self.state / "secrets" / "web" / "local-token").read_text().strip()
        return self.client(authorization=f"Bearer {secret}")

    def code(self) -> str:
        """The claim code."""
        return (self.state / "secrets" / "web" / "claim").read_text().strip()

    def claim(self) -> None:
        """Make the owner."""
        new = {"code": self.code(), "password": PASSWORD}
        with self.client() as client:
            assert client.post("/api/v1/claim", json=new).status_code == 201

    @contextmanager
    def owner(self) -> Iterator[httpx.Client]:
        """The owner of a fresh router in a browser, signed in."""
        self.claim()
        with self.client(**{"sec-fetch-site": "same-origin"}) as client:
            done = client.post("/login", data={"name": "owner", "password": PASSWORD})
            assert done.status_code == 303, done.text
            yield client


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Admin]:
    with serving(tmp_path) as port:
        yield Admin(f"http://127.0.0.1:{port}", tmp_path)


@pytest.fixture
def judged(admin: Admin) -> Iterator[Callable[[str, str], str]]:
    """Write a verdict as `build` would; returns the host's id."""
    connection = writer(admin.state / "build.db", builds.MIGRATIONS)

    def judge(source: str, name: str) -> str:
        connection.execute(
            "INSERT INTO verdict (host, source, revision, name, kind, reason, system, release,"
            " watched, specialisations, findings, recipe)"
            " VALUES (?, ?, 1, ?, 'native', NULL, 'x86_64-linux', '26.05', 1, '[]', '[]', '{}')",
            (f"{source}/{name}", source, name),
        )
        return f"{source}/{name}"

    yield judge
    connection.close()
