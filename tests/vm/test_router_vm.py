"""The router VM has what this computer's kernel lacks, and the whole product runs in it.

One start serves all of this; a start of every role takes an emulated processor minutes.  The last
tests cut its power, so they stay last.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from appliance.model.images import Image
from appliance.trial import RESTART
from services.lab.machine import Firmware, Machine
from services.net.asked import CUT_OFF
from tests.live.trial_room import Config, Patience, undone_in_time
from tests.live.waiting import until
from tests.vm.disk import Disk
from tests.vm.router_vm import ALL
from tests.vm.whole_room import (
    DEVICES,
    FAR,
    SECONDS,
    WholeRouter,
    adds_a_flake,
    again,
    built,
    machine_behind,
    whole_router,
)

pytestmark = pytest.mark.vm

MACS = {"bios": "52:54:00:77:00:01", "uefi": "52:54:00:77:00:02"}
TAGS = ("ip", "-br", "link", "show", "type", "vlan")
GUESTS = ("ip", "-br", "link", "show", "master", "br-guest")
PATIENCE = Patience(grace=SECONDS, start=SECONDS)


@pytest.fixture(scope="module")
def whole() -> Iterator[WholeRouter]:
    with whole_router() as one:
        yield one


@pytest.fixture(scope="module", autouse=True)
def host(whole: WholeRouter) -> str:
    """Of a flake that the router has just been given; it builds while other things are tried."""
    return adds_a_flake(whole)


@pytest.fixture(scope="module")
def image(whole: WholeRouter, host: str) -> Image:
    return built(whole, host)


@pytest.mark.parametrize("module", ["pppoe", "8021q", "nft_flow_offload", "wireguard", "sch_cake"])
def test_its_kernel_has(whole: WholeRouter, module: str) -> None:
    whole.vm.run("modprobe", module)


def test_a_cable_can_be_pulled_out(whole: WholeRouter) -> None:
    carrier = ("grep", "-q", "1", "/sys/class/net/lan1/carrier")
    until(lambda: whole.vm.does(*carrier), "lan1 has its cable", SECONDS)
    whole.vm.unplugs("lan1")
    until(lambda: not whole.vm.does(*carrier), "lan1 has none", SECONDS)
    whole.vm.plugs("lan1")


# ── tags, by the router's own roles ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("space", "subnet"), [("pc", "10.77.0"), ("tag20", "10.78.0"), ("tag30", "10.79.0")]
)
def test_a_device_gets_address_names_internet(whole: WholeRouter, space: str, subnet: str) -> None:
    address, router, names = whole.vm.read(f"/run/leased-{DEVICES[space]}").split()
    assert 100 <= int(address.removeprefix(f"{subnet}.")) <= 199
    assert (router, names) == (f"{subnet}.1", f"{subnet}.1")
    assert f"{subnet}.1" in whole.sh(f"dig +short +time=5 @{names} nixie.lan", space)
    until(lambda: whole.reaches(FAR, space), "it reaches the internet", SECONDS)


def test_a_tag_that_somebody_deletes_is_made_again(whole: WholeRouter) -> None:
    whole.sh("ip link del lan0.20")
    until(lambda: whole.reaches(FAR, "tag20"), "the tag is back", SECONDS)
    question = "SELECT body FROM event WHERE kind = 'DriftRepaired'"

    def told() -> bool:
        return any("lan0.20" in body for (body,) in whole.vm.rows("/state/net.db", question))

    until(told, "the repair is told", SECONDS)


# ── a host of a flake, built and booted ──────────────────────────────────────────────────────────


def test_a_host_of_a_flake_is_built_in_its_own_store(whole: WholeRouter, image: Image) -> None:
    assert whole.vm.does("test", "-e", f"/state/store{image.toplevel}/init")


@pytest.mark.parametrize(("firmware", "asks"), [("bios", "script"), ("uefi", "pxe-x64")])
def test_a_machine_boots_what_the_router_has_built(
    whole: WholeRouter, host: str, image: Image, firmware: str, asks: str
) -> None:
    machine = Machine(f"behind-{firmware}", MACS[firmware], Firmware(firmware))
    whole.client.put(f"/machines/{machine.mac}/intent", {"name": machine.name, "host": host})
    table = "/state/published/table.json"
    until(lambda: machine.mac in whole.vm.read(table), "it is published", SECONDS)
    with machine_behind(whole, machine):
        over = ("up", "short")
        until(lambda: newest_boot(whole, machine.mac)["state"] in over, "its boot has an end", 400)
    found = newest_boot(whole, machine.mac)
    assert (found["state"], found["firmware"]) == ("up", asks)
    assert (found["image"], found["toplevel"]) == (image.id, image.toplevel)


def newest_boot(whole: WholeRouter, mac: str) -> Mapping[str, Any]:
    columns = "state, firmware, image, toplevel"
    rows = whole.vm.rows("/state/boot.db", f"SELECT {columns} FROM boot WHERE mac = '{mac}'")
    return dict(zip(columns.split(", "), rows[-1], strict=True)) if rows else {"state": ""}


# ── trials of tags ───────────────────────────────────────────────────────────────────────────────


def other_tags(config: Config) -> None:
    """A port of the LAN carries a tag instead, the guests have another one, the lab has none."""
    lan, guest, lab = config["networks"]
    lan["ports"].remove("lan1")
    guest["tagged"] = [{"port": "lan0", "vlan": 21}, {"port": "lan1", "vlan": 20}]
    lab["tagged"] = []


def signalled(signal: str, role: str) -> Callable[[WholeRouter], None]:
    """That role gets a signal."""

    def send(whole: WholeRouter) -> None:
        whole.sh(f"kill -{signal} {whole.pid(role)}")

    return send


TROUBLES: Mapping[str, Callable[[WholeRouter], None]] = {
    **{f"{role} killed": signalled("KILL", role) for role in ALL},
    "net stopped": signalled("STOP", "net"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_without_keep_every_tag_is_back(whole: WholeRouter, trouble: str) -> None:
    until(lambda: whole.vm.stands(*ALL), "every role runs", SECONDS)
    brings = TROUBLES[trouble]
    undone_in_time(whole, other_tags, lambda: brings(whole), TAGS, GUESTS, patience=PATIENCE)


# ── power cuts: from here on the machine is off ──────────────────────────────────────────────────

POINTS = ("asked", "begun", "half")
"""When the power goes: Apply was answered; the trial is on disk; the kernel has the address."""


def everything(config: Config) -> None:
    """Another address of the LAN, other tags, another firewall."""
    lan = config["networks"][0]
    lan["address"] = "10.91.0.1/24"
    lan["dhcp"]["pool"] = {"first": "10.91.0.100", "last": "10.91.0.199"}
    other_tags(config)
    config["zones"][1]["reaches"] = []


@dataclass
class Cuts:
    """What each power cut left: of three the disk was copied as the power would leave it then, at
    the last QEMU was killed; its disk is `whole.disk`."""

    before: int  # the revision that was kept
    tried: int
    left: Mapping[str, Disk]
    chance: int  # what decided of the writes that were not flushed; a failure shows it


@pytest.fixture(scope="module")
def cuts(whole: WholeRouter) -> Cuts:
    seed = int.from_bytes(os.urandom(4))
    chance, left = Random(seed), {}
    config = whole.client.get("/config")["config"]
    everything(config)
    ((before,),) = whole.vm.rows("/state/net.db", "SELECT revision FROM kept")
    done = whole.client.post("/config", config, seconds=600)
    left["asked"] = whole.disk.as_cut_now(chance)
    trial = f"SELECT state FROM trial WHERE revision = {done['subject']}"
    until(lambda: whole.vm.rows("/state/net.db", trial), "the trial is on disk", SECONDS)
    left["begun"] = whole.disk.as_cut_now(chance)
    until(lambda: whole.has("10.91.0.1"), "the kernel has the new address", SECONDS)
    left["half"] = whole.disk.as_cut_now(chance)
    until(lambda: whole.trial(done["wish"]) == "pending", "it waits for Keep", SECONDS)
    whole.client.post(f"/change/{done['wish']}/keep")
    whole.vm.is_killed()
    whole.disk.cut()
    whole.disk.restored(chance)
    assert whole.disk.flushes > 0
    return Cuts(before, int(done["subject"]), left, seed)


def in_force(whole: WholeRouter) -> dict[str, Any]:
    """What the kernel has, in short."""
    links = whole.shows("ip", "-br", "link")
    return {
        "addresses": {one for one in ("10.77.0.1", "10.91.0.1") if whole.has(one)},
        "tags": {one for one in ("lan0.20", "lan0.21", "lan0.30", "lan1.20") if f"{one}@" in links},
        "guests reach": GUESTS_REACH in whole.shows("nft", "list", "table", "inet", "nixie"),
    }


def broken(whole: WholeRouter) -> list[str]:
    """What SQLite says of each database after that."""
    names = whole.shows("sh", "-c", "cd /state; echo *.db").split()
    assert {"nixie.db", "net.db", "leases.db", "boot.db"} <= set(names)
    told = {one: whole.vm.rows(f"/state/{one}", "PRAGMA integrity_check") for one in names}
    return [f"{one}: {said}" for one, said in told.items() if said != [["ok"]]]


GUESTS_REACH = 'iifname "br-guest" oifname "wan0" accept'
OLD = {"addresses": {"10.77.0.1"}, "tags": {"lan0.20", "lan0.30"}, "guests reach": True}
NEW = {"tags": {"lan0.21", "lan1.20"}, "guests reach": False}


@pytest.mark.parametrize("point", POINTS)
def test_power_cut_before_keep_leaves_what_was_kept(
    whole: WholeRouter, cuts: Cuts, point: str
) -> None:
    with again(whole, cuts.left[point], "net") as one:
        until(lambda: in_force(one) == OLD, "what was kept is in force", SECONDS)
        assert broken(one) == []
        assert one.vm.rows("/state/net.db", "SELECT revision FROM kept") == [[cuts.before]]
        assert told_why(one, cuts)


def told_why(whole: WholeRouter, cuts: Cuts) -> bool:
    """Does the router's own console say why there is no change?"""
    words = ["-P", "-m", "appliance", "rescue", "--json", "--state", "/state"]
    change = json.loads(whole.shows(whole.program("python"), *words))["change"]
    if change["revision"] == cuts.tried:
        return bool(change == {"revision": cuts.tried, "state": "undone", "why": RESTART})
    question = "SELECT body FROM event WHERE kind = 'ChangeRefused'"
    return CUT_OFF in str(whole.vm.rows("/state/net.db", question))


def test_power_cut_after_keep_leaves_the_new_configuration(whole: WholeRouter, cuts: Cuts) -> None:
    with again(whole, whole.disk, "net") as one:

        def in_place() -> bool:
            found = in_force(one)  # the other address leaves with its last lease
            return "10.91.0.1" in found.pop("addresses") and found == NEW

        until(in_place, "what was kept is in force", SECONDS)
        assert broken(one) == []
        assert one.vm.rows("/state/net.db", "SELECT revision FROM kept") == [[cuts.tried]]
