"""Network namespaces for live tests: made, entered and removed, with cables between them."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


def run(*argv: str) -> str:
    """Run a command; its output, or CalledProcessError with what it said."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)}: {done.stdout}{done.stderr}")
    return done.stdout


@dataclass
class Namespace:
    """One network namespace."""

    name: str
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *argv: str) -> str:
        """Run a command inside."""
        return run("ip", "netns", "exec", self.name, *argv)

    def fails(self, *argv: str) -> bool:
        """Does a command inside end with an error?"""
        argv = ("ip", "netns", "exec", self.name, *argv)
        return bool(subprocess.run(argv, capture_output=True, timeout=300, check=False).returncode)

    def start(self, *argv: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command inside; it is killed with the namespace."""
        child = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *argv], env={**os.environ, **(env or {})}
        )
        self.children.append(child)
        return child

    def python(self, script: str, *arguments: str) -> str:
        """Run a Python script inside with our interpreter."""
        return self.run(sys.executable, "-c", script, *arguments)

    def reaches(self, address: str) -> bool:
        """Does one IPv6 echo from inside to `address` come back within two seconds?"""
        return not self.fails("ping", "-6", "-n", "-c", "1", "-W", "2", address)

    def pings(self, address: str) -> bool:
        """Does one ICMP echo from inside to `address` come back within two seconds?"""
        return self.python(PING, address).strip() == "True"


PING = """
import socket, struct, sys
body = struct.pack("!BBHHH", 8, 0, 0, 4711, 1) + bytes(8)
total = sum(struct.unpack("!8H", body))
check = ~((total >> 16) + (total & 0xFFFF)) & 0xFFFF
echo = body[:2] + struct.pack("!H", check) + body[4:]
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
    icmp.settimeout(2)
    icmp.connect((sys.argv[1], 0))
    icmp.send(echo)
    try:
        print(icmp.recv(1500)[20:22] == bytes(2))
    except TimeoutError:
        print(False)
"""


@contextmanager
def namespaces(*roles: str) -> Iterator[Sequence[Namespace]]:
    """One namespace per role, with loopback up; removed at the end with all that ran inside."""
    tag = uuid.uuid4().hex[:6]
    made = [Namespace(f"nx-{tag}-{role}") for role in roles]
    try:
        for one in made:
            run("ip", "netns", "add", one.name)
            one.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        for one in made:
            for child in one.children:
                child.kill()
                child.wait()
            subprocess.run(["ip", "netns", "del", one.name], capture_output=True, check=False)


def cable(left: Namespace, left_link: str, right: Namespace, right_link: str) -> None:
    """Plug a veth pair between two namespaces; both ends are down."""
    run(
        *("ip", "link", "add", left_link, "netns", left.name, "type", "veth"),
        *("peer", "name", right_link, "netns", right.name),
    )
