"""A computer on the LAN of a standing router whose DHCP client others wrote."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from services.lab.topology import SWITCH
from tests.live.namespaces import run
from tests.live.standing import Router

SCRIPTS = {
    "dhclient": """#!/bin/sh
echo "$reason ${new_ip_address:-none}" >> LOG
case "$reason" in
  BOUND|RENEW|REBIND|REBOOT)
    ip addr replace "$new_ip_address/24" dev "$interface"
    [ "$old_ip_address" = "$new_ip_address" ] || [ -z "$old_ip_address" ] ||
      ip addr del "$old_ip_address/24" dev "$interface" ;;
  EXPIRE|FAIL|RELEASE|STOP) ip addr flush dev "$interface" ;;
esac
exit 0
""",
    "udhcpc": """#!/bin/sh
echo "$1 ${ip:-none}" >> LOG
case "$1" in
  bound|renew)
    ip -4 addr flush dev "$interface"; ip addr add "$ip/24" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}" ;;
  deconfig) ip -4 addr flush dev "$interface" ;;
esac
exit 0
""",
}
GONE = ("EXPIRE", "FAIL", "deconfig", "leasefail")
"""What the clients call it when they have no address any more."""


@dataclass
class Computer:
    """Plugged into the lab's switch, in a namespace of its own."""

    router: Router
    kind: str  # "dhclient", "udhcpc"
    name: str
    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def space(self) -> str:
        return f"{self.router.prefix}-{self.name}"

    def plug_in(self) -> None:
        """Lay the cable, and let the client ask."""
        lan, port = f"{self.router.prefix}-lan", f"p-{self.name}"
        run("ip", "netns", "add", self.space)
        cable = f"link add eth0 netns {self.space} type veth peer name {port} netns {lan}"
        run("ip", *cable.split())
        run("ip", "-n", lan, "link", "set", port, "master", SWITCH, "up")
        run("ip", "-n", self.space, "link", "set", "eth0", "up")
        script = self.folder / f"{self.name}.sh"
        script.write_text(SCRIPTS[self.kind].replace("LOG", str(self.log)))
        script.chmod(0o755)
        self.log.touch()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.space, *self._command(str(script))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def unplug(self) -> None:
        """End the client, and take the computer away."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        subprocess.run(["ip", "netns", "del", self.space], check=False, capture_output=True)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def told(self) -> list[tuple[str, str]]:
        """What the client told its script: a word of its own, and an address or "none"."""
        return [(word, ip) for word, ip in map(str.split, self.log.read_text().splitlines())]

    def address(self) -> str:
        """The address it has, "" for none."""
        said = run("ip", "-n", self.space, "-4", "-br", "addr", "show", "eth0").split()
        return said[2].partition("/")[0] if len(said) > 2 else ""

    def was_without(self, since: int) -> bool:
        """Had it no address at some time after so many lines of its log?"""
        return any(word in GONE for word, _ in self.told()[since:])

    def _command(self, script: str) -> list[str]:
        if self.kind == "udhcpc":
            return ["udhcpc", "-i", "eth0", "-f", "-s", script]
        files = ("-lf", f"{self.folder}/{self.name}.leases", "-pf", f"{self.folder}/{self.name}.p")
        return ["env", f"PATH={os.environ['PATH']}:/usr/sbin:/sbin", "dhclient", "-d", "-sf",
                script, *files, "eth0"]  # fmt: skip
