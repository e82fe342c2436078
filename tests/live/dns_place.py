"""The dns role between namespaces: clients on a LAN, name servers at an ISP."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, ip_address
from pathlib import Path
from typing import Any

import pytest

from appliance.model.dns import Dns, Upstream
from appliance.model.slices import DnsNetwork, DnsSlice, FixedAddress, Slices
from appliance.store import leases, trials
from appliance.store.open import now, writer
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

ROOT = Path(__file__).parents[2]
ROLE = """
import asyncio, socket, sys
from pathlib import Path
from appliance.store.recall.open import recall_path
from services.dns.serve import serve
def bound(kind, link="br-lan", address=("", 53)):
    made = socket.socket(socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    made.bind(address)
    return made
foreign = ("lo", ("127.0.0.1", 1053))
sockets = {
    "dns-udp.br-lan": bound(socket.SOCK_DGRAM), "dns-tcp.br-lan": bound(socket.SOCK_STREAM),
    "dns-udp.lo": bound(socket.SOCK_DGRAM, *foreign),
    "dns-tcp.lo": bound(socket.SOCK_STREAM, *foreign),
}
state = Path(sys.argv[1])
recall = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
recall_path(state, "dns").parent.mkdir(exist_ok=True)
recall.bind(str(recall_path(state, "dns")))
recall.listen()
asyncio.run(serve({**sockets, "recall": recall}, state))
"""
ASK = """
import json, sys
import dnslib
name, kind, server, tcp = sys.argv[1:5]
question = dnslib.DNSRecord.question(name, kind)
if "edns" in sys.argv:
    question.add_ar(dnslib.EDNS0(udp_len=1232))
if "update" in sys.argv:
    question.header.opcode = 5
try:
    server, _, port = server.partition("#")
    packed = question.send(server, int(port or 53), tcp=tcp == "tcp", timeout=30)
except TimeoutError:
    print("null")
    sys.exit()
reply = dnslib.DNSRecord.parse(packed)
print(json.dumps({
    "id": reply.header.id == question.header.id,
    "code": dnslib.RCODE.get(reply.header.rcode),
    "cut": bool(reply.header.tc),
    "size": len(packed),
    "ours": bool(reply.header.aa),
    "answers": sorted(str(one.rdata) for one in reply.rr),
    "ttls": [one.ttl for one in reply.rr],
    "authority": [str(one.rname) for one in reply.auth],
    "edns": [one.rtype for one in reply.ar],
}))
"""
SLICES = Slices(
    revision=1,
    dhcp=(),
    dns=DnsSlice(
        hostname="nixie",
        domain="lan",
        networks=(
            DnsNetwork(
                "lan",
                "br-lan",
                IPv4Interface("10.77.0.1/24"),
                (FixedAddress("52:54:00:00:00:07", IPv4Address("10.77.0.7"), "printer"),),
            ),
        ),
        settings=Dns((Upstream(IPv4Address("192.0.2.1")),)),
        machines=(("52:54:00:00:00:08", "ember"),),
    ),
    boot=(),
)
LONG_TEXT = ",".join("x" * 200 for _ in range(10))


def asking(*upstreams: str, **settings: Any) -> Slices:
    """The slice with these upstreams and settings."""
    found = tuple(Upstream(ip_address(one)) for one in upstreams)
    made = replace(SLICES.dns.settings, upstreams=found, **settings)
    return replace(SLICES, dns=replace(SLICES.dns, settings=made))


@dataclass
class Names:
    """A router with the dns role, a client on its LAN, an ISP with an upstream."""

    inside: Namespace
    lan: Namespace
    isp: Namespace
    state: Path
    role: subprocess.Popen[bytes]

    def ask(self, name: str, kind: str = "A", *words: str, tcp: bool = False) -> dict[str, Any]:
        """One question from the LAN; the answer's parts, {} when nothing came."""
        said = self.lan.python(ASK, name, kind, "10.77.0.1", "tcp" if tcp else "udp", *words)
        return json.loads(said) or {}

    def ask_as_foreign_code(self, name: str, kind: str = "A", *, tcp: bool = False) -> Any:
        """One question of what fetches or builds."""
        how = "tcp" if tcp else "udp"
        return json.loads(self.inside.python(ASK, name, kind, "127.0.0.1#1053", how))

    def answers(self, name: str, kind: str = "A") -> list[str]:
        return list(self.ask(name, kind).get("answers", []))

    def publish(self, slices: Slices) -> None:
        database = writer(self.state / "net.db", trials.MIGRATIONS)
        trials.publish(database, slices, now())
        database.close()

    def lease(self, address: str, mac: str, hostname: str, seconds: float = 600) -> None:
        database = writer(self.state / "leases.db", leases.MIGRATIONS)
        database.execute(
            "INSERT OR REPLACE INTO lease"
            " (network, address, mac, client, hostname, stage, given_at, ends_at, state)"
            " VALUES ('lan', ?, ?, 'hw', ?, 'os', ?, ?, 'bound')",
            (int(IPv4Address(address)), mac, hostname, now(), now() + seconds),
        )
        database.close()

    def upstream(self, *more: str) -> subprocess.Popen[bytes]:
        """Start dnsmasq at the ISP, and wait until it answers."""
        child = self.isp.start(
            *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv"),
            *("--no-hosts", "--pid-file=", "--user=root", "--cache-size=0", "--local=/#/"),
            *("--host-record=www.example.com,203.0.113.5", "--local-ttl=300"),
            *("--txt-record=long.example.com," + LONG_TEXT, "--log-queries"),
            *("--log-facility=" + str(self.state / "upstream.log"), *more),
        )
        until(lambda: listens(self.isp, "192.0.2.1"), "the upstream is up")
        return child

    def upstream_heard(self, name: str) -> int:
        """How many questions for `name` reached the upstream."""
        log = self.state / "upstream.log"
        lines = log.read_text().lower().splitlines() if log.exists() else []
        return sum(f"] {name} from" in line for line in lines)


def listens(where: Namespace, address: str) -> bool:
    """Does somebody take TCP connections on port 53 there?"""
    connect = "import socket, sys; socket.create_connection((sys.argv[1], 53), 1).close()"
    return not where.fails(sys.executable, "-c", connect, address)


@pytest.fixture
def dns(tmp_path: Path) -> Iterator[Names]:
    with namespaces("r", "lan", "isp") as (inside, lan, isp):
        cable(inside, "br-lan", lan, "eth0")
        cable(inside, "up0", isp, "eth0")
        for where, link, address in (
            (inside, "br-lan", "10.77.0.1/24"),
            (inside, "up0", "192.0.2.2/24"),
            (lan, "eth0", "10.77.0.50/24"),
            (isp, "eth0", "192.0.2.1/24"),
        ):
            where.run("ip", "addr", "add", address, "dev", link)
            where.run("ip", "link", "set", link, "up")
        for path, migrations in (("net.db", trials.MIGRATIONS), ("leases.db", leases.MIGRATIONS)):
            writer(tmp_path / path, migrations).close()
        role = inside.start(
            *(sys.executable, "-c", ROLE, str(tmp_path)),
            env={"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(tmp_path / "ca.pem")},
        )
        found = Names(inside, lan, isp, tmp_path, role)
        found.publish(SLICES)
        until(lambda: listens(lan, "10.77.0.1"), "the role is up")
        until(lambda: found.ask("nixie.lan").get("code") == "NOERROR", "the role has its slice")
        yield found
