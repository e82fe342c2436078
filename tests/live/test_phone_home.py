"""The client's script under real shells, heard by a real HTTP server on loopback."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.live.waiting import quickest, until

pytestmark = pytest.mark.live

SCRIPT = Path(__file__).parents[2] / "services/nix/adapter/phone-home.sh"
SYSTEMCTL = """#!/bin/sh
case "$1" in
  list-units)
    echo 'data.mount loaded failed failed /data'
    echo 'dev-disk-by\\x2duuid.swap loaded failed failed swap' ;;
  is-active)
    case "$2" in
      oven.service) echo active ;;
      mill.service) echo failed; exit 3 ;;
      *) echo activating; exit 3 ;;
    esac ;;
esac
"""
JOURNALCTL = """#!/bin/sh
echo "$2: no grain & 100% empty"
echo "$2: a=b+c"
"""


class Router(ThreadingHTTPServer):
    """Answers POSTs with the codes it is given, 200 when there are none left."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.codes: list[int] = []
        self.heard: list[tuple[str, dict[str, list[str]]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/up/b7.s3cret"


class Answer(BaseHTTPRequestHandler):
    server: Router

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        code = self.server.codes.pop(0) if self.server.codes else 200  # before anybody sees it
        self.server.heard.append((self.path, parse_qs(body, keep_blank_values=True)))
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def router() -> Iterator[Router]:
    with Router() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A booted system: /run/booted-system, and a systemctl that knows two failed units."""
    (tmp_path / "toplevel").mkdir()
    (tmp_path / "booted-system").symlink_to(tmp_path / "toplevel")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return tmp_path


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def with_bash_and_curl(system: Path) -> list[str]:
    (system / "tools/curl").symlink_to(program("curl"))
    return [program("bash"), "-e"]


def with_busybox_alone(system: Path) -> list[str]:
    busybox = program("busybox")
    for applet in subprocess.run(
        [busybox, "--list"], capture_output=True, text=True
    ).stdout.split():
        if not (system / "tools" / applet).exists():
            (system / "tools" / applet).symlink_to(busybox)
    return [busybox, "sh", "-e"]


Kind = Callable[[Path], list[str]]
KINDS = pytest.mark.parametrize("kind", [with_bash_and_curl, with_busybox_alone])


def tell(
    shell: list[str], system: Path, cmdline: str, **more: str
) -> subprocess.CompletedProcess[str]:
    (system / "cmdline").write_text(cmdline)
    # The busybox one sees nothing but busybox.
    rest = "" if "sh" in shell else ":/usr/bin:/bin"
    env = environment(system, rest) | more
    return subprocess.run([*shell, SCRIPT], env=env, capture_output=True, text=True, timeout=300)


def environment(system: Path, rest: str, looks: str = "0") -> dict[str, str]:
    return {
        "PATH": f"{system / 'tools'}{rest}",
        "NIXIE_CMDLINE": str(system / "cmdline"),
        "NIXIE_RUN": str(system),
        "NIXIE_SYSTEM": str(system / "booted-system"),
        "NIXIE_CURRENT": str(system / "current-system"),
        "NIXIE_LOOK_SECONDS": looks,
        "NIXIE_SETTLE": "0",
        "http_proxy": "http://127.0.0.1:9",
    }


@KINDS
def test_the_router_hears_what_runs(kind: Kind, system: Path, router: Router) -> None:
    done = tell(kind(system), system, f"loglevel=4 nixie.boot={router.url} quiet\n")
    assert done.returncode == 0, done.stderr
    ((path, fields),) = router.heard
    assert path == "/up/b7.s3cret"
    assert fields["toplevel"] == [str(system / "toplevel")]
    assert fields["kernel"] == [os.uname().release]
    assert fields["hostname"] == [os.uname().nodename]
    assert fields["failed"] == ["data.mount,dev-disk-by\\x2duuid.swap"]
    assert float(fields["uptime"][0]) > 0


@KINDS
def test_it_tries_again_when_the_router_is_not_ready(
    kind: Kind, system: Path, router: Router
) -> None:
    router.codes = [503]
    assert tell(kind(system), system, f"nixie.boot={router.url}").returncode == 0
    assert len(router.heard) == 2


@KINDS
def test_it_tells_only_once(kind: Kind, system: Path, router: Router) -> None:
    shell = kind(system)
    for _ in range(2):
        assert tell(shell, system, f"nixie.boot={router.url}").returncode == 0
    assert len(router.heard) == 1


@KINDS
def test_a_system_that_nixie_did_not_boot_is_left_alone(
    kind: Kind, system: Path, router: Router
) -> None:
    assert tell(kind(system), system, "root=/dev/sda1 quiet\n").returncode == 0
    assert router.heard == []


@KINDS
def test_a_switch_by_hand_is_told_until_the_router_hears_it(
    kind: Kind, system: Path, router: Router
) -> None:
    shell = kind(system)
    (system / "cmdline").write_text(f"nixie.boot={router.url}")
    current, other = system / "current-system", system / "other"
    current.symlink_to(system / "toplevel")
    other.mkdir()
    rest = "" if "sh" in shell else ":/usr/bin:/bin"
    env = environment(system, rest, looks="1")
    running = subprocess.Popen([*shell, SCRIPT], env=env, stdout=subprocess.DEVNULL)
    try:
        until(lambda: len(router.heard) == 1, "it phones home")
        router.codes = [503]
        (system / "fresh").symlink_to(other)
        (system / "fresh").replace(current)  # the script may look at any moment
        until(lambda: len(router.heard) == 3, "the switch is heard after one refusal")
        time.sleep(3)
    finally:
        running.kill()
        running.wait(60)
    assert [fields for _, fields in router.heard[1:]] == [{"current": [str(other)]}] * 2


@KINDS
def test_units_that_the_host_names_are_told_of(kind: Kind, system: Path, router: Router) -> None:
    needed = {"NIXIE_HEALTH": "oven.service mill.service"}
    assert tell(kind(system), system, f"nixie.boot={router.url}", **needed).returncode == 0
    ((_, fields),) = router.heard
    assert fields["health"] == ["oven.service=active,mill.service=failed"]
    assert fields["log"] == [
        "mill.service:\nmill.service: no grain & 100% empty\nmill.service: a=b+c"
    ]


@KINDS
def test_a_unit_that_hangs_is_waited_for_but_not_for_ever(
    kind: Kind, system: Path, router: Router
) -> None:
    shell = kind(system)
    needed = {"NIXIE_HEALTH": "oven.service slow.service", "NIXIE_HEALTH_SECONDS": "3"}

    def seconds() -> float:
        router.heard.clear()
        (system / "told").unlink(missing_ok=True)
        began = time.monotonic()
        assert tell(shell, system, f"nixie.boot={router.url}", **needed).returncode == 0
        ((_, fields),) = router.heard
        assert fields["health"] == ["oven.service=active,slow.service=activating"]
        return time.monotonic() - began

    assert 2 <= quickest(seconds, 15) < 15
