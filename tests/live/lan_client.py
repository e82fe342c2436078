"""A client on the LAN of a standing router: what it is given there."""

import subprocess
import sys
from dataclasses import dataclass

from services.lab.topology import SWITCH
from tests.live.namespaces import run
from tests.live.standing import CHECKOUT, Router

MAC = "52-54-00-63-72-01"
DNS = """
from dnslib import DNSRecord
print(DNSRecord.parse(DNSRecord.question("nixie.lan").send("{0}", timeout=2)).a.rdata)
"""


@dataclass(frozen=True)
class LanClient:
    """Plugged into the lab's switch, with an address of its own beside those it is given."""

    router: Router

    def plug_in(self, address: str = "10.77.0.9/24") -> None:
        for words in (
            "link add dev0 type veth peer name port9",
            f"link set port9 master {SWITCH}",
            "link set port9 up",
            f"addr add {address} dev dev0",
            "link set dev0 up",
        ):
            run("ip", "-n", self.namespace, *words.split())

    @property
    def namespace(self) -> str:
        return f"{self.router.prefix}-lan"

    def leased(self, number: int = 7) -> str:
        """The address that DHCP gives to the client of that number, "none" or ""."""
        script = str(CHECKOUT / "tests/live/dhcp_exchange.py")
        words = ("env", f"PYTHONPATH={CHECKOUT}", sys.executable, script, "dev0", str(number))
        return self._said(*words)

    def resolved(self, server: str = "10.77.0.1") -> str:
        """The router's own address by its name, "" when nobody answers."""
        return self._said(sys.executable, "-c", DNS.format(server))

    def script(self, server: str = "10.77.0.1") -> str:
        """What a machine is told to boot, "" when nobody answers."""
        return self._said("curl", "-s", "-m", "5", f"http://{server}/s/{MAC}")

    def opens_admin(self, server: str = "10.77.0.1") -> bool:
        """Does the admin answer there, over HTTPS and with the router's own certificate?

        Only where the admin is on the LANs: `Router.start("admin=lan")`.
        """
        authority = str(self.router.state / "secrets/web/ca.crt")
        words = ("-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", authority)
        return self._said("curl", *words, f"https://{server}/claim") == "200"

    def is_served(self) -> bool:
        """Are there addresses, names and boots?"""
        return (
            self.leased().startswith("10.77.0.")
            and self.resolved() == "10.77.0.1"
            and self.script().startswith("#!ipxe")
        )

    def _said(self, *command: str) -> str:
        words = ["ip", "netns", "exec", self.namespace, *command]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
