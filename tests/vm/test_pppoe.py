"""PPPoE in the router VM: pppd as the product runs it, and a provider's access concentrator.

The provider is rp-pppoe's server with a pppd of its own, in the namespace `isp` of the machine.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.standing import INSTALLED
from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm

pytestmark = pytest.mark.vm

SERVER = INSTALLED / "peers/pppoe/usr/sbin/pppoe-server"
PPPD = INSTALLED / "daemons/usr"
LOCAL, REMOTE = "203.0.113.5", "203.0.113.1"
FAR = "198.51.100.9"  # behind the provider
USER, PASSWORD = "ada@isp.test", 'right "horse" \\ battery'
PC = "10.77.0.250"
SECONDS = 120.0
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
END
printf '%s\\n' '"{user}" * "{password}" *' > /etc/ppp/chap-secrets
touch /etc/ppp/options
ip link add far0 type dummy
ip link set far0 up
ip address add {far}/32 dev far0
"""


@pytest.fixture(scope="module")
def vm() -> Iterator[RouterVm]:
    with router_vm("pppoe") as one:
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        script = PROVIDER.format(
            pppd=PPPD, server=SERVER.parent, user=USER, password=quoted, far=FAR
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
