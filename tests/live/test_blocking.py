"""Lists of blocked names: fetched behind walls, obeyed by the dns role, paused, exempted."""

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from appliance.actions.desk import Actor
from appliance.actions.names import look_up, pause_blocking, resume_blocking
from appliance.actions.open import open_desk
from appliance.model.dns import Blocking, BlockList
from appliance.store import trials
from appliance.store.answers import answer
from appliance.store.devices import DeviceRow, write_devices
from appliance.store.open import writer
from tests.live.dns_place import ASK, ROOT, Names, asking, dns
from tests.live.standing import ROOMS
from tests.live.test_dns_upstreams import SERVER
from tests.live.waiting import TRIES, quickest, until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and namespaces"),
]
__all__ = ["dns"]

HOSTS = "# ads\n0.0.0.0 www.example.com\n0.0.0.0 other.example.com\n"
BROKER = """
import asyncio, socket, sys
from pathlib import Path
from appliance.model.installed import Installed
from appliance.roles import ROLES
from services.dns.request import verbs
from services.processes.driver import ability
from services.processes.privileges import identities
from services.processes.serve import Broker, serve
path, program = map(Path, sys.argv[1:3])
users, confined = identities(ROLES.values(), Path("/etc/passwd").read_text(),
                             Path("/etc/group").read_text())
listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listening.bind(str(path)); path.chmod(0o666); listening.listen()
everyone = [one.uid for one in (*users.values(), *confined.values())]
installed = Installed(program, program, Path(sys.executable), None, program, program, program)
asyncio.run(serve(listening, Broker(installed, verbs(), {}, confined, ability(everyone))))
"""


@contextmanager
def web(pages: dict[str, tuple[int, str]]) -> Iterator[str]:
    """A web server with these pages; a redirect has its target as text.  Its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = pages.get(self.path, (404, ""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body)
            self.end_headers()
            if status == 200:
                self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def broker(dns: Names) -> Iterator[None]:
    """The broker, with our program where the user `list` can read it."""
    program = Path(f"/var/lib/nixie-test-{os.getpid()}")
    program.mkdir(mode=0o755)
    subprocess.run(
        ["cp", "-r", *(str(ROOT / one) for one in ROOMS), str(program)],
        check=True,
    )
    subprocess.run(["chmod", "-R", "a+rX", str(program)], check=True)
    (dns.state / "run").mkdir(exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-c", BROKER, str(dns.state / "run/broker.sock"), str(program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        until((dns.state / "run/broker.sock").exists, "the broker listens")
        yield
    finally:
        child.terminate()
        child.wait()
        subprocess.run(["rm", "-rf", str(program)], check=True)


def block(dns: Names, *urls: str, **more: object) -> None:
    lists = tuple(BlockList(one) for one in urls)
    dns.publish(asking("192.0.2.1", blocking=Blocking(lists=lists, **more)))  # type: ignore[arg-type]


def pause(dns: Names) -> None:
    """What somebody does on the page."""
    desk = open_desk(dns.state)
    try:
        pause_blocking(desk, Actor("test", frozenset({"write"}), "local"), minutes=1)
    finally:
        desk.close()


def resume(dns: Names) -> None:
    desk = open_desk(dns.state)
    try:
        resume_blocking(desk, Actor("test", frozenset({"write"}), "local"))
    finally:
        desk.close()


def looked_up(dns: Names, name: str, client: str = "") -> str:
    """The sentence about a name, once the role has said it."""
    desk = open_desk(dns.state)
    try:
        wish = look_up(desk, Actor("test", frozenset({"write"}), "local"), name, "A", client).wish
        assert wish

        def told() -> str:
            found = answer(desk.reads, wish)
            return found.what if found and found.state == "done" else ""

        return until(told, "it is told")
    finally:
        desk.close()


def fetched(url: str) -> tuple[int, str, str]:
    """What the fetching process says of `url`."""
    done = subprocess.run(
        [sys.executable, "-m", "services.dns.download.client", url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.usefixtures("broker")
def test_the_names_of_a_list_are_blocked(dns: Names) -> None:
    dns.upstream("--host-record=fine.example.com,203.0.113.6")
    with web({"/hosts": (200, HOSTS)}) as site:
        block(dns, f"{site}/hosts")
        until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked")
    assert dns.answers("fine.example.com") == ["203.0.113.6"]


def test_a_pause_is_in_force_at_once(dns: Names) -> None:
    dns.upstream()
    block(dns, names=("example.com",))
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked")
    pause(dns)
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "blocking pauses")
    resume(dns)
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "the pause is over")


def test_a_name_is_told_with_the_list_that_blocks_it(dns: Names) -> None:
    dns.upstream("--host-record=fine.example.org,203.0.113.6")
    block(dns, names=("example.com",))
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked")
    assert looked_up(dns, "www.example.com") == "www.example.com is blocked by your own names."
    assert looked_up(dns, "printer.lan", "10.77.0.50") == (
        "printer.lan is answered with A 10.77.0.7, from what is known here."
    )
    assert looked_up(dns, "fine.example.org") == (
        "fine.example.org is answered with A 203.0.113.6, which an upstream said just now."
    )


def test_an_answer_that_was_under_way_is_not_kept_for_a_name_that_is_blocked_now(
    dns: Names,
) -> None:
    zone = "www.example.com. 300 IN A 203.0.113.5"
    heard = dns.state / "heard"
    slow = f"exec {sys.executable} -c '{SERVER}' 192.0.2.1 3 '{zone}' > {heard}"
    dns.isp.start("sh", "-c", slow)
    until(lambda: "192.0.2.1:53 " in dns.isp.run("ss", "-lnu"), "the upstream is up")
    words = ("www.example.com", "A", "10.77.0.1", "udp")
    child = dns.lan.start(sys.executable, "-c", ASK, *words)
    until(lambda: "www.example.com" in heard.read_text(), "the upstream is asked")
    block(dns, names=("example.com",))
    child.wait(60)
    assert dns.ask("www.example.com")["code"] == "NXDOMAIN"


def test_nothing_is_blocked_for_an_exempted_device(dns: Names) -> None:
    dns.upstream()
    block(dns, names=("example.com",))
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked")
    dns.lease("10.77.0.50", "52:54:00:00:00:50", "mine")
    block(dns, names=("example.com",), exempt=("52:54:00:00:00:50",))
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "it is exempted")


def test_an_exempted_device_may_ask_from_an_address_that_it_was_seen_with(dns: Names) -> None:
    dns.upstream()
    block(dns, names=("example.com",), exempt=("52:54:00:00:00:50",))
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked")
    row = DeviceRow("52:54:00:00:00:50", "lan", "", "", "", ("10.77.0.50",), 0.0, 0.0, here=True)
    with closing(writer(dns.state / "net.db", trials.MIGRATIONS)) as database:
        write_devices(database, [row], ())
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "it is exempted")


def test_on_a_network_that_is_not_filtered_nothing_is_blocked(dns: Names) -> None:
    dns.upstream()
    block(dns, names=("example.com",))
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked")
    found = asking("192.0.2.1", blocking=Blocking(names=("example.com",)))
    free = tuple(replace(one, filtered=False) for one in found.dns.networks)
    dns.publish(replace(found, dns=replace(found.dns, networks=free)))
    until(lambda: dns.answers("www.example.com") == ["203.0.113.5"], "it is free")
    assert dns.ask("www.example.com", tcp=True)["answers"] == ["203.0.113.5"]
    assert "203.0.113.5" in looked_up(dns, "www.example.com", "10.77.0.50")
    dns.publish(found)
    until(lambda: dns.ask("www.example.com")["code"] == "NXDOMAIN", "it is blocked again")


def test_an_allowed_name_is_answered_whatever_is_blocked(dns: Names) -> None:
    dns.upstream()
    block(dns, names=("example.com",), allowed=("www.example.com",))
    until(lambda: dns.ask("other.example.com")["code"] == "NXDOMAIN", "it is blocked")
    assert dns.answers("www.example.com") == ["203.0.113.5"]


@pytest.mark.usefixtures("broker")
def test_a_large_list_stops_nobody_from_being_answered(dns: Names) -> None:
    many = "\n".join(f"ad{number}.example.net" for number in range(200_000))
    probe = """
import socket, time, dnslib
asked = bytes(dnslib.DNSRecord.question("printer.lan").pack())
s = socket.socket(2, 2); s.settimeout(60)
worst = 0.0
end = time.monotonic() + 12
while time.monotonic() < end:
    begun = time.monotonic()
    s.sendto(asked, ("10.77.0.1", 53)); s.recv(512)
    worst = max(worst, time.monotonic() - begun)
    time.sleep(0.005)
print(worst)
"""
    numbers = itertools.count()
    pages = {f"/big{number}": (200, many) for number in range(TRIES)}
    with web(pages) as site:

        def longest() -> float:
            block(dns, f"{site}/big{next(numbers)}")
            seconds = float(dns.lan.python(probe))
            until(lambda: dns.ask("ad199999.example.net")["code"] == "NXDOMAIN", "it is blocked")
            return seconds

        worst = quickest(longest, 1.0)
    assert worst < 1.0
    print(f"worst answer while 200,000 names came in: {worst * 1000:.0f} ms")


@pytest.mark.usefixtures("broker")
def test_a_large_list_costs_a_few_megabytes(dns: Names) -> None:
    many = "\n".join(f"ad{number}.example.net" for number in range(200_000))

    def megabytes() -> float:
        status = Path(f"/proc/{dns.role.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    until(lambda: dns.answers("printer.lan"), "names are answered")
    before = megabytes()
    with web({"/big": (200, many)}) as site:
        block(dns, f"{site}/big")
        until(lambda: dns.ask("ad199999.example.net")["code"] == "NXDOMAIN", "it is blocked")
    grown = megabytes() - before
    print(f"200,000 names: {grown:.1f} MB more")
    assert grown < 8


def test_a_redirect_into_the_lan_is_not_followed() -> None:
    with web({"/list": (302, "/hosts"), "/hosts": (200, HOSTS)}) as site:
        code, said, wrong = fetched(f"{site}/list")
    assert (code, said) == (1, "")
    assert "not on the internet" in wrong


def test_what_is_no_list_is_told() -> None:
    with web({"/page": (200, "<html>not here</html>")}) as site:
        assert "no name in it" in fetched(f"{site}/page")[2]
        assert "404" in fetched(f"{site}/nothing")[2]


def test_a_list_is_handed_over_as_hashes() -> None:
    with web({"/hosts": (200, HOSTS)}) as site:
        code, said, _ = fetched(f"{site}/hosts")
    assert code == 0
    assert said.splitlines()[-1] == "end 2"
