"""PPPoE in the router VM: pppd as the product runs it, and a provider's access concentrator.

The provider is rp-pppoe's server with a pppd of its own, in the namespace `isp` of the machine.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import prefix_isp
from tests.live.standing import INSTALLED
from tests.live.waiting import until
from tests.vm.router_vm import RouterVm, router_vm
from tests.vm.streams import arrived, conversation, hears, is_short, stream

pytestmark = pytest.mark.vm

SERVER = INSTALLED / "peers/pppoe/usr/sbin/pppoe-server"
PPPD = INSTALLED / "daemons/usr"
LOCAL, REMOTE = "203.0.113.5", "203.0.113.1"
FAR, FAR_SIX = "198.51.100.9", "2001:db8:ffff::9"  # behind the provider
LENT, LENT_NEXT = "2001:db8:42::/56", "2001:db8:77::/56"
DELEGATES = Path(prefix_isp.__file__).read_text()
USER, PASSWORD = "ada@isp.test", 'right "horse" \\ battery'
PC = "10.77.0.250"
SECONDS = 300.0
LINE = "cd /sys/class/net && ls -d ppp*"
REPORT = "/state/pppd/run/report"
ARRIVED = "/run/arrived"
SILENCE = "kill -9 $(ip netns pids isp)"
TAG = "wan0.7"
BEHIND_TAG = "ip link add link isp0 name isp7 type vlan id 7; ip link set isp7 up"
ECHO = ("ping", "-c1", "-W2")
PC_MAC = "52:54:00:7a:00:03"
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


def provides(vm: RouterVm, card: str = "isp0") -> None:
    """Start the provider's server."""
    vm.start(
        *(str(SERVER), "-F", "-I", card, "-L", REMOTE, "-R", LOCAL, "-N", "8"),
        *("-C", "isp", "-O", "/etc/ppp/provider"),
        within="isp",
        log="provider",
    )


def hangs_up(vm: RouterVm) -> None:
    """End the provider's server, which says so to its sessions."""
    vm.run("sh", "-c", f"kill $(ip netns pids isp); sleep 1; {SILENCE}", ok=False)


def delegates(vm: RouterVm, prefix: str) -> None:
    """Lend a prefix to whoever asks through the session, and send there what is for it."""
    line = until(
        lambda: vm.run("sh", "-c", LINE, within="isp", ok=False).strip(), "a session", SECONDS
    )
    words = (sys.executable, "-c", DELEGATES, line, prefix, "600", "1200")
    vm.start(*words, within="isp", log="prefixes")
    vm.run("ip", "route", "add", prefix, "dev", line, within="isp")


def reaches_out(vm: RouterVm) -> bool:
    """Does a device of the LAN reach the internet by IPv6?"""
    return vm.does("ping", "-6", "-c1", "-W2", FAR_SIX, within="pc")


def falls_silent(vm: RouterVm) -> None:
    """End the provider's server and its sessions, without a farewell."""
    vm.run("sh", "-c", SILENCE, ok=False)


def tried(vm: RouterVm, more: dict[str, Any], wan: dict[str, Any] | None = None) -> str:
    """Put the configuration with these differences on trial, for ten minutes; the change's id."""
    config = vm.client.get("/config")["config"]
    vm.client.put("/draft", {**config, **more, "wan": {**config["wan"], **(wan or {})}})
    review = vm.client.get("/draft")
    asked = {"base": review["base"], "seen": review["seen"], "seconds": 600}
    return str(vm.client.post("/draft/apply", **asked)["wish"])


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


# ── the short way of flows ───────────────────────────────────────────────────────────────────────

WATCHING = """table inet watching {
  counter seen { }
  chain forward {
    type filter hook forward priority -300
    tcp dport 5000 counter name seen
    tcp sport 5000 counter name seen
  }
}"""


@pytest.fixture
def watched(vm: RouterVm) -> Iterator[None]:
    vm.run("nft", "-f", "-", given=WATCHING)
    yield
    vm.run("nft", "delete", "table", "inet", "watching")


def judged(vm: RouterVm) -> int:
    """Packets that passed the rules so far, of both directions."""
    told = json.loads(vm.run("nft", "-j", "list", "counter", "inet", "watching", "seen"))
    return int(next(one["counter"]["packets"] for one in told["nftables"] if "counter" in one))


def takes_the_short_way(vm: RouterVm) -> None:
    """Wait until it does."""
    until(lambda: is_short(vm, "5000"), "the flow takes the short way", SECONDS)


def goes_on(vm: RouterVm, more: int = 5000) -> bool:
    """Wait until so many bytes more have come."""
    before = arrived(vm, ARRIVED)
    return until(lambda: arrived(vm, ARRIVED) > before + more, "it goes on", SECONDS)


def stops(vm: RouterVm) -> None:
    """Wait until nothing comes for three seconds."""

    def still() -> bool:
        before = arrived(vm, ARRIVED)
        time.sleep(3)
        return arrived(vm, ARRIVED) == before

    until(still, "it stops", SECONDS)


def segment(vm: RouterVm) -> int:
    """Bytes of the largest segment that the conversation's sender makes."""
    (found,) = set(re.findall(r"[ :]mss:(\d+)", vm.run("ss", "-tin", "dport = 5000", within="pc")))
    return int(found)


FAMILIES = pytest.mark.parametrize(
    ("far", "headers"), [(FAR, 40 + 12), (FAR_SIX, 60 + 12)], ids=["IPv4", "IPv6"]
)
"""What is not payload: IP, TCP with its time stamps."""


@FAMILIES
@pytest.mark.usefixtures("watched")
def test_a_flow_through_the_session_asks_no_rule_again(
    vm: RouterVm, far: str, headers: int
) -> None:
    with conversation(vm, far, "5000", ARRIVED):
        takes_the_short_way(vm)
        before = judged(vm)
        goes_on(vm, 60_000)  # in some forty packets, with an answer to each second one
        assert judged(vm) - before <= 6
        assert segment(vm) == 1492 - headers


def test_a_rule_that_forbids_it_stops_a_flow_through_the_session(vm: RouterVm) -> None:
    bedtime = {"id": "bedtime", "source": "lan", "destination": "internet", "action": "reject"}
    with conversation(vm, FAR, "5000", ARRIVED):
        takes_the_short_way(vm)
        change = tried(vm, {"rules": [bedtime]})
        stops(vm)
        vm.client.post(f"/change/{change}/undo")


def test_a_blocked_device_is_cut_off_from_the_session(vm: RouterVm) -> None:
    until(lambda: reaches_out(vm), "the rule is undone", SECONDS)
    with conversation(vm, FAR, "5000", ARRIVED):
        takes_the_short_way(vm)
        vm.client.put(f"/devices/{PC_MAC}/block", {})
        stops(vm)
        assert is_short(vm, "5000")
        vm.client.delete(f"/devices/{PC_MAC}/block")
        goes_on(vm)


def test_a_session_that_is_over_leaves_no_flow_behind(vm: RouterVm) -> None:
    with conversation(vm, FAR, "5000", ARRIVED):
        takes_the_short_way(vm)
        falls_silent(vm)
        found = stands(vm, "silent")
        assert "begun anew" in found["why"]
        assert not is_short(vm, "5000")


def test_a_provider_that_comes_back_is_used_again(vm: RouterVm) -> None:
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


def test_flows_take_the_short_way_of_the_session_that_came_back(vm: RouterVm) -> None:
    with conversation(vm, FAR, "5000", ARRIVED):
        takes_the_short_way(vm)


# ── a tag on the cable, held speeds, large packets ───────────────────────────────────────────────


def over_tag(vm: RouterVm) -> bool:
    """Is the session over the tag there, and used?"""
    return f"session={TAG}/" in vm.read(REPORT) and vm.does(*ECHO, FAR, within="pc")


def test_a_session_over_a_tag_brings_the_address(vm: RouterVm) -> None:
    hangs_up(vm)
    vm.run("sh", "-ec", BEHIND_TAG, within="isp")
    provides(vm, "isp7")
    held = {"down_kbit": 2000, "up_kbit": 1000, "line": "vdsl"}
    change = tried(vm, {}, {"vlan": 7, "shaping": held})
    until(lambda: over_tag(vm), "the LAN reaches out over the tag", SECONDS)
    vm.client.post(f"/change/{change}/keep")


def test_speeds_are_held_at_the_session(vm: RouterVm) -> None:
    cable, queues = 22 + 8 + 4, ""  # VDSL's own bytes, PPPoE's, the tag's

    def there() -> bool:
        nonlocal queues
        queues = vm.run("tc", "qdisc", "show")
        return "dev ppp-wan root" in queues and "dev nixie-down root" in queues

    until(there, "both directions are held", SECONDS)
    assert len(re.findall(f"qdisc cake .* ptm overhead {cable} ", queues)) == 2
    gives = vm.start(*stream(vm, "gives", FAR, "5001"), within="isp")
    took = vm.run(*stream(vm, "takes", FAR, "5001", "8"), within="pc", seconds=SECONDS)
    assert 0 < int(took) < 250_000  # bytes a second; 2 Mbit/s are 250,000 on the line
    listens, began = hears(vm, FAR, "5002", ARRIVED), time.monotonic()
    vm.run(*stream(vm, "sends", FAR, "5002", "0", "8"), within="pc", seconds=SECONDS)
    assert 0 < arrived(vm, ARRIVED) < 125_000 * (time.monotonic() - began)
    vm.run("kill", str(gives), str(listens), ok=False)


@FAMILIES
def test_segments_fit_into_the_session_over_a_tag(vm: RouterVm, far: str, headers: int) -> None:
    if far == FAR_SIX:
        delegates(vm, LENT)
        until(lambda: reaches_out(vm), "the LAN reaches out by IPv6", SECONDS)
    with conversation(vm, far, "5000", ARRIVED):
        assert segment(vm) == 1492 - headers


def test_a_provider_without_large_packets_keeps_its_session(vm: RouterVm) -> None:
    before = vm.read(REPORT)
    change = tried(vm, {}, {"mtu": 1500})
    until(lambda: vm.read(f"/sys/class/net/{TAG}/mtu").strip() == "1508", "it is wider", SECONDS)
    again = "the LAN reaches out by another session"
    until(lambda: vm.read(REPORT) != before and over_tag(vm), again, SECONDS)
    begun = vm.read(REPORT)
    assert "mtu=1492\n" in begun
    until(lambda: "maxseg size set 1452" in vm.run("nft", "list", "ruleset"), "it fits", SECONDS)
    vm.client.post(f"/change/{change}/keep")
    time.sleep(20)  # the kernel ends a session whose cable changes
    assert vm.read(REPORT) == begun


def test_with_a_provider_of_large_packets_nothing_is_cut(vm: RouterVm) -> None:
    hangs_up(vm)
    vm.run("sh", "-ec", "ip link set isp0 mtu 1508; ip link set isp7 mtu 1508", within="isp")
    provides(vm, "isp7")
    until(lambda: "mtu=1500\n" in vm.read(REPORT), "both agree on 1500 bytes", SECONDS)
    vm.run("ip", "route", "flush", "cache", within="pc")  # it was told 1492 bytes, for ten minutes
    large = ("-M", "do", "-s", "1472", FAR)
    until(lambda: vm.does(*ECHO, *large, within="pc"), "1500 bytes pass whole", SECONDS)
    with conversation(vm, FAR, "5000", ARRIVED):
        assert segment(vm) == 1500 - 52
