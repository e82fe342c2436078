"""A real primary name server, BIND's named, that takes signed updates: in any namespace, as a user
of its own, with nothing installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dnslib import DNSRecord

from services.public_names.sending.driver import NotReached, exchange
from tests.live.standing import INSTALLED, free_port
from tests.live.waiting import until

PEER = INSTALLED / "peers/named"
NAMED = PEER / "usr/sbin/named"
LIBRARIES = PEER / "usr/lib/x86_64-linux-gnu"
UID = 61191
SECRETS = {
    "router": ("hmac-sha256", "cm91dGVyJ3Mgb3duIHNlY3JldCwgMzIgYnl0ZXMgbG9uZy4="),
    "sha1": ("hmac-sha1", "c2VjcmV0IG9uZQ=="),
    "sha224": ("hmac-sha224", "c2VjcmV0IHR3bw=="),
    "sha384": ("hmac-sha384", "c2VjcmV0IHRocmVl"),
    "sha512": ("hmac-sha512", "c2VjcmV0IGZvdXI="),
}
CONFIGURATION = """
options {{
  directory "{folder}"; pid-file none; session-keyfile none; recursion no;
  listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
}};
controls {{ }};
{keys}
zone "example.org" {{
  type primary; file "{folder}/zone";
  update-policy {{ {grants} }};
}};
"""
ZONE = """$TTL 60
@ SOA ns1 owner 1 600 60 86400 60
@ NS ns1
ns1 A 192.0.2.53
home A 192.0.2.99
home TXT "stays"
"""


@dataclass(frozen=True)
class NameServer:
    """Where it listens; `env` and `argv` start it."""

    address: str
    port: int
    argv: tuple[str, ...]
    env: dict[str, str]
    log: Path

    def holds(self, name: str, kind: str) -> list[str]:
        """What it answers, from this namespace."""
        asked = DNSRecord.question(name, kind).pack()
        answer = DNSRecord.parse(exchange(self.address, self.port, bytes(asked)))
        return sorted(str(one.rdata) for one in answer.rr)


@contextmanager
def prepared(address: str, port: int) -> Iterator[NameServer]:
    """Its files, in a folder of its own for the length of a block; nothing runs yet."""
    assert NAMED.exists(), f"{NAMED} is not here; run set-up for the tests"
    folder = Path(tempfile.mkdtemp(prefix="nx-named-"))
    keys = "\n".join(
        f'key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};'
        for name, (algorithm, secret) in SECRETS.items()
    )
    grants = " ".join(f"grant {name} name home.example.org. A AAAA;" for name in SECRETS)
    told = {"folder": folder, "address": address, "port": port, "keys": keys, "grants": grants}
    (folder / "named.conf").write_text(CONFIGURATION.format(**told))
    (folder / "zone").write_text(ZONE)
    for one in (folder, *folder.iterdir()):
        os.chown(one, UID, UID)
    words = (str(NAMED), "-f", "-4", "-n", "1", "-c", str(folder / "named.conf"))
    rights = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups")
    bind = ("--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service")
    env = {"LD_LIBRARY_PATH": str(LIBRARIES)}
    log = folder / "log"
    try:
        yield NameServer(address, port, (*rights, *bind, *words, "-L", str(log)), env, log)
    finally:
        shutil.rmtree(folder)


@contextmanager
def name_server() -> Iterator[NameServer]:
    """It serves on loopback for the length of a block."""
    with prepared("127.0.0.1", free_port()) as made, serving(made):
        until(lambda: _answers(made), f"named answers; its log is {made.log}")
        yield made


@contextmanager
def serving(made: NameServer, namespace: str = "") -> Iterator[None]:
    """It runs for the length of a block, here or in a namespace."""
    into = ("ip", "netns", "exec", namespace) if namespace else ()
    running = subprocess.Popen([*into, *made.argv], env={**os.environ, **made.env})
    try:
        yield
    finally:
        running.terminate()
        running.wait(10)


def _answers(made: NameServer) -> bool:
    try:
        return made.holds("ns1.example.org", "A") == ["192.0.2.53"]
    except NotReached:
        return False
