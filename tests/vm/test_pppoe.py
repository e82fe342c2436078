"""PPPoE in the router VM: pppd as the product runs it, and a provider's access concentrator.

The provider is rp-pppoe's server with a pppd of its own, in the namespace `isp` of the machine.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import prefix_isp
from tests.live.standing import INSTALLED
from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm

pytestmark = pytest.mark.vm

SERVER = INSTALLED / "peers/pppoe/usr/sbin/pppoe-server"
PPPD = INSTALLED / "daemons/usr"
LOCAL, REMOTE = "203.0.113.5", "203.0.113.1"
FAR, FAR_SIX = "198.51.100.9", "2001:db8:ffff::9"  # behind the provider
LENT, LENT_NEXT = "2001:db8:42::/56", "2001:db8:77::/56"
DELEGATES = Path(prefix_isp.__file__).read_text()
USER, PASSWORD = "ada@isp.test", 'right "horse" \\ battery'
PC = "10.77.0.250"
SECONDS = 120.0
LINE = "cd /sys/class/net && ls -d ppp*"
PROVIDER = """
mkdir -p /etc/ppp
cp -a {pppd}/sbin/pppd {server}/pppoe /usr/sbin/
mkdir -p /usr/lib/pppd && cp -a {pppd}/lib/pppd/. /usr/lib/pppd/
cat > /etc/ppp/provider << 'END'
require-chap
lcp-echo-interval 5
lcp-echo-failure 2
ms-dns 203.0.113.53
noaccomp
nopcomp
novj
noccp
+ipv6
END
printf '%s\\n' '"{user}" * "{password}" *' > /etc/ppp/chap-secrets
touch /etc/ppp/options
ip link add far0 type dummy
ip link set far0 up
ip address add {far}/32 dev far0
ip address add {six}/128 dev far0
sysctl -qw net.ipv6.conf.all.forwarding=1
"""


@pytest.fixture(scope="module")
def vm() -> Iterator[RouterVm]:
    with router_vm("pppoe") as one:
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        script = PROVIDER.format(
            pppd=PPPD, server=SERVER.parent, user=USER, password=quoted, far=FAR, six=FAR_SIX
        )
        one.run("sh", "-ec", script, within="isp")
        one.run("ip", "addr", "add", f"{PC}/24", "dev", "pc0", within="pc")
        one.run("ip", "route", "add", "default", "via", "10.77.0.1", within="pc")
        provides(one)
        one.starts(("net", "wan", "web"))
        stands(
            one, "unanswered"
        )  # the first configuration is in force: by DHCP, which nobody gives
        yield one


def provides(vm: RouterVm) -> None:
    """Start the provider's server."""
    vm.start(
        *(str(SERVER), "-F", "-I", "isp0", "-L", REMOTE, "-R", LOCAL, "-N", "8"),
        *("-C", "isp", "-O", "/etc/ppp/provider"),
        within="isp",
        log="provider",
    )


def delegates(vm: RouterVm, prefix: str) -> None:
    """Lend a prefix to whoever asks through the session, and send there what is for it."""
    line = until(lambda: vm.run("sh", "-c", LINE, within="isp", ok=False).strip(), "a session")
    words = (sys.executable, "-c", DELEGATES, line, prefix, "600", "1200")
    vm.start(*words, within="isp", log="prefixes")
    vm.run("ip", "route", "add", prefix, "dev", line, within="isp")


def reaches_out(vm: RouterVm) -> bool:
    """Does a device of the LAN reach the internet by IPv6?"""
    return vm.does("ping", "-6", "-c1", "-W2", FAR_SIX, within="pc")


def falls_silent(vm: RouterVm) -> None:
    """End the provider's server and its sessions, without a farewell."""
    vm.run("sh", "-c", "kill -9 $(ip netns pids isp)", ok=False)


def applied(vm: RouterVm, password: str) -> str:
    """Put PPPoE with that password on trial, for ten minutes; the change's id."""
    secret = vm.client.post("/internet/password", {"password": password})["subject"]
    config = vm.client.get("/config")["config"]
    session = {"user": USER, "secret": secret}
    vm.client.put("/draft", {**config, "wan": {"port": "wan0", "pppoe": session}})
    review = vm.client.get("/draft")
    assert PASSWORD not in str(review)
    asked = {"base": review["base"], "seen": review["seen"], "seconds": 600}
    return str(vm.client.post("/draft/apply", **asked)["wish"])


def stands(vm: RouterVm, word: str) -> dict[str, Any]:
    """Wait until the way out stands so; all of what is told then."""

    def there() -> dict[str, Any] | None:
        found: dict[str, Any] = vm.client.get("/internet")
        return found if found["stand"] == word else None

    return until(there, f"the way out is {word}, not {vm.client.get('/internet')}", SECONDS)


def test_a_wrong_password_is_told(vm: RouterVm) -> None:
    change = applied(vm, "wrong")
    found = stands(vm, "denied")
    assert f"does not accept the user name {USER}" in found["why"]
    vm.client.post(f"/change/{change}/undo")
    stands(vm, "unanswered")  # by DHCP again, as it was kept


def test_the_session_brings_the_address(vm: RouterVm) -> None:
    change = applied(vm, PASSWORD)
    found = stands(vm, "online")
    assert found["address"].startswith("203.0.113.")
    assert (found["gateway"], found["link"]) == (REMOTE, "ppp-wan")
    assert found["provided"]["name_servers"] == ["203.0.113.53"]
    until(lambda: vm.does("ping", "-c1", "-W2", FAR, within="pc"), "the LAN reaches out", SECONDS)
    vm.client.post(f"/change/{change}/keep")


def test_a_large_answer_arrives_in_segments_that_fit(vm: RouterVm) -> None:
    table = vm.run("nft", "list", "ruleset")
    assert "maxseg size set 1452" in table
    assert not vm.does("ping", "-c1", "-W2", "-M", "do", "-s", "1472", FAR, within="pc")
    assert vm.does("ping", "-c1", "-W2", "-M", "do", "-s", "1464", FAR, within="pc")


def test_the_networks_get_ipv6_through_the_session(vm: RouterVm) -> None:
    delegates(vm, LENT)
    lent = until(lambda: vm.client.get("/internet")["delegated"], "a prefix is lent", SECONDS)
    assert lent == LENT
    until(lambda: reaches_out(vm), "the LAN reaches out by IPv6", SECONDS)


def test_the_password_is_in_no_command_line(vm: RouterVm) -> None:
    assert "horse" not in vm.run("ps", "axww")


def test_a_provider_that_comes_back_is_used_again(vm: RouterVm) -> None:
    falls_silent(vm)
    found = stands(vm, "silent")
    assert "begun anew" in found["why"]
    found = stands(vm, "unanswered")
    assert "no PPPoE server answers on wan0" in found["why"]
    provides(vm)
    stands(vm, "online")


def test_a_prefix_that_comes_with_another_session_takes_the_place_of_the_last(
    vm: RouterVm,
) -> None:
    delegates(vm, LENT_NEXT)
    until(lambda: vm.client.get("/internet")["delegated"] == LENT_NEXT, "it is lent", SECONDS)
    until(lambda: reaches_out(vm), "the LAN reaches out by IPv6", SECONDS)
    (lan,) = vm.client.get("/networks")
    prefixes = {one.rpartition("::")[0] for one in lan["ipv6"]}
    assert "2001:db8:77" in prefixes
