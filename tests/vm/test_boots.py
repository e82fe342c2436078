"""Machines with real firmware boot hosts that real Nix built, and every step is written down."""

import itertools
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.store.boots import BootRow, StepRow
from appliance.store.open import reader
from tests.live.lan_client import LanClient
from tests.live.standing import CHECKOUT, INSTALLED, ROLES, Router
from tests.live.waiting import until
from tests.vm.disguise import PLAIN, WITHOUT_HTTP, disguised
from tests.vm.lab import BOOT_SECONDS, Workshop, switched_on

pytestmark = pytest.mark.vm

FIRMWARE = {"bios": "script", "uefi": "pxe-x64", "uefi-http": "http-x64"}
"""What the record calls it; QEMU's ROM for BIOS machines is iPXE itself, so it asks for scripts."""
LOADERS = {"bios": [], "uefi": ["x64/snponly.efi"], "uefi-http": ["x64/snponly.efi"]}
NUMBERS = itertools.count(1)


def new_mac() -> str:
    return f"52:54:00:76:6d:{next(NUMBERS):02x}"


def named(steps: list[StepRow], kind: str) -> list[StepRow]:
    return [step for step in steps if step.kind == kind]


@pytest.fixture
def settled(workshop: Workshop) -> Callable[[str, str, str], tuple[BootRow, list[StepRow]]]:
    """Boot a host by some firmware until the record has an end; (boot, steps)."""

    def boots(firmware: str, host: str, end: str) -> tuple[BootRow, list[StepRow]]:
        mac = new_mac()
        workshop.assign(mac, f"{firmware}-{host}", host=workshop.hosts[host])
        with switched_on(workshop, mac, firmware) as machine:
            row = workshop.ends(machine, end, "up", "served", "short")
        return row, workshop.steps_of(row.id)

    return boots


@pytest.mark.parametrize("firmware", ["bios", "uefi", "uefi-http"])
@pytest.mark.parametrize("host", ["native", "adapted"])
def test_a_watched_host_phones_home_with_its_image(
    workshop: Workshop,
    settled: Callable[[str, str, str], tuple[BootRow, list[StepRow]]],
    firmware: str,
    host: str,
) -> None:
    row, steps = settled(firmware, host, "up")
    image = workshop.image(host)
    assert (row.state, row.image, row.toplevel) == ("up", image.id, image.toplevel)
    assert row.firmware == FIRMWARE[firmware]
    assert_every_step(workshop, row, steps, host, firmware)
    (up,) = named(steps, "up")
    assert up.name == workshop.hosts[host].partition("/")[2]
    assert not up.detail.get("failed")


def test_an_installers_medium_boots_without_its_disc(
    workshop: Workshop,
    settled: Callable[[str, str, str], tuple[BootRow, list[StepRow]]],
) -> None:
    row, steps = settled("bios", "installer", "up")
    assert (row.state, row.toplevel) == ("up", workshop.image("installer").toplevel)
    (up,) = named(steps, "up")
    assert not up.detail.get("failed")


@pytest.mark.parametrize("firmware", ["bios", "uefi", "uefi-http"])
def test_an_unwatched_host_ends_as_served(
    workshop: Workshop,
    settled: Callable[[str, str, str], tuple[BootRow, list[StepRow]]],
    firmware: str,
) -> None:
    row, steps = settled(firmware, "unwatched", "served")
    assert (row.state, row.image) == ("served", workshop.image("unwatched").id)
    assert row.firmware == FIRMWARE[firmware]
    assert_every_step(workshop, row, steps, "unwatched", firmware)
    assert named(steps, "up") == []


def assert_every_step(
    workshop: Workshop, row: BootRow, steps: list[StepRow], host: str, firmware: str
) -> None:
    """DHCP, loader, script and parts with all their bytes, in this order."""
    dhcp = [step.name for step in named(steps, "dhcp")]
    assert Counter(dhcp) >= Counter({"DISCOVER": 1, "OFFER": 1, "REQUEST": 1, "ACK": 1})
    loaders = [step for step in named(steps, "loader") if step.bytes]
    assert [step.name for step in loaders if step.status == "ok"] == LOADERS[firmware]
    (script,) = named(steps, "script")
    assert script.name == row.name
    parts = {step.name: (step.bytes, step.status) for step in named(steps, "part")}
    assert parts == {part.name: (part.size, "ok") for part in workshop.image(host).parts}
    assert all(step.detail["rate"] > 0 for step in named(steps, "part"))
    kinds = [step.kind for step in steps]
    assert kinds.index("dhcp") < kinds.index("script") < kinds.index("part")


@pytest.mark.parametrize(
    ("as_what", "firmware"), [(PLAIN, "pxe-bios"), (WITHOUT_HTTP, "chain")], ids=["plain", "old"]
)
def test_a_bios_rom_that_cannot_run_scripts_boots_by_our_loader(
    workshop: Workshop, as_what: dict[int, int], firmware: str
) -> None:
    mac = new_mac()
    workshop.assign(mac, f"rom-{firmware}", host=workshop.hosts["native"])
    with disguised(workshop.router, as_what), switched_on(workshop, mac, "bios") as machine:
        row = workshop.ends(machine, "up", "short")
    steps = workshop.steps_of(row.id)
    assert (row.state, row.firmware, row.image) == ("up", firmware, workshop.image("native").id)
    assert asked_as(steps)[0] == firmware
    (loader,) = named(steps, "loader")
    assert (loader.name, loader.detail["over"]) == ("bios/undionly.kpxe", "tftp")
    after = steps[steps.index(loader) :]
    assert asked_as(after)[0] == "script"
    assert [step.name for step in named(after, "script")] == [row.name]


def asked_as(steps: list[StepRow]) -> list[str]:
    """As what the machine asked DHCP, in order."""
    return [step.detail["firmware"] for step in named(steps, "dhcp") if "firmware" in step.detail]


def test_the_loader_of_2019_gets_its_script_by_dhcp(workshop: Workshop) -> None:
    mac = new_mac()
    workshop.assign(mac, "oldest", host=workshop.hosts["native"])
    with (
        only_the_oldest_loaders(workshop.router),
        switched_on(workshop, mac, "uefi") as machine,
    ):
        row = workshop.ends(machine, "up", "short")
    steps = workshop.steps_of(row.id)
    assert (row.state, row.firmware) == ("up", "pxe-x64")
    (loader,) = [step for step in named(steps, "loader") if step.bytes]
    assert (loader.name, loader.total) == ("x64/snponly.efi", oldest("snponly.efi").stat().st_size)
    assert asked_as(steps[steps.index(loader) :])[0] == "script"
    assert named(steps, "autoexec") == []


@contextmanager
def only_the_oldest_loaders(router: Router) -> Iterator[None]:
    """The router started again with nothing but the distribution's own package of 2019."""
    shown = router.home / "loaders"
    router.stop()
    shown.unlink()
    shown.mkdir()
    (shown / "2019").symlink_to(oldest(""))
    router.start()
    try:
        yield
    finally:
        router.stop()
        (shown / "2019").unlink()
        shown.rmdir()
        shown.symlink_to(INSTALLED / "loaders")
        router.start()


def oldest(name: str) -> Path:
    """A file of the distribution's own package, of 2019."""
    (folder,) = (INSTALLED / "loaders").glob("1.0.0*")
    return folder / name


def assert_the_api_tells(workshop: Workshop, row: BootRow) -> None:
    """What the API says of a boot is what the record has."""
    told = workshop.router.client.get(f"/boots/{row.id}")
    assert (told["boot"]["state"], told["boot"]["image"]) == ("served", row.image)
    assert [(one["kind"], one["bytes"]) for one in told["steps"]] == [
        (step.kind, step.bytes) for step in workshop.steps_of(row.id)
    ]


def test_a_held_machine_is_released_at_its_next_question(workshop: Workshop) -> None:
    mac = new_mac()
    with switched_on(workshop, mac, "bios") as machine:
        row = workshop.ends(machine, "held")
        (held,) = [one for one in workshop.router.client.get("/inbox") if one["mac"] == mac]
        machine.says(f"Its code is {held['code']}")
        until(lambda: polls(workshop, row.id) >= 2, "it asks again and again", BOOT_SECONDS)
        workshop.assign(mac, "released", host=workshop.hosts["unwatched"])
        before = polls(workshop, row.id)
        workshop.ends(machine, "loading", "served")
    steps = workshop.steps_of(row.id)
    assert polls(workshop, row.id) <= before + 3  # each is 3 s; what is told may be one late
    assert [step.name for step in named(steps, "script")] == ["hold", "anvil"]
    assert not [one for one in workshop.router.client.get("/inbox") if one["mac"] == mac]


def polls(workshop: Workshop, ident: str) -> int:
    return sum(step.bytes or 0 for step in named(workshop.steps_of(ident), "hold"))


def test_a_menu_boots_its_default_when_nobody_chooses(workshop: Workshop) -> None:
    hosts = [workshop.hosts["special"], workshop.hosts["unwatched"]]
    menu = workshop.router.client.post(
        "/menus",
        {"name": "Workshop", "hosts": hosts, "default": hosts[1], "timeout_seconds": 2},
    )["subject"]
    mac = new_mac()
    workshop.assign(mac, "chooser", menu=menu)
    with switched_on(workshop, mac, "bios") as machine:
        row = workshop.ends(machine, "served")
    steps = workshop.steps_of(row.id)
    assert [step.name for step in named(steps, "menu")] == ["anvil"]
    assert row.image == workshop.image("unwatched").id
    assert_the_api_tells(workshop, row)


def test_a_specialisation_boots_as_itself(workshop: Workshop) -> None:
    mac = new_mac()
    workshop.assign(mac, "nightly", host=workshop.hosts["special"], specialisation="night")
    with switched_on(workshop, mac, "bios") as machine:
        row = workshop.ends(machine, "up", "short")
    (up,) = named(workshop.steps_of(row.id), "up")
    assert up.name == "switchyard-night"
    assert row.image not in (None, workshop.image("special").id)
    assert row.facts.get("expected") is None


def test_an_unknown_machine_reads_that_there_is_nothing_for_it(workshop: Workshop) -> None:
    client, mac = workshop.router.client, new_mac()
    client.put("/networks/lan/default", {"kind": "nothing"})
    try:
        until(lambda: workshop.table()["unknown"].get("lan", {}).get("kind") == "nothing", "known")
        with switched_on(workshop, mac, "bios") as machine:
            machine.says("Nixie: this machine does not boot from this network.")
    finally:
        client.put("/networks/lan/default", {"kind": "hold"})


def test_a_machine_reads_why_its_host_cannot_be_booted_yet(workshop: Workshop) -> None:
    source = workshop.hosts["native"].partition("/")[0]
    mac = new_mac()
    workshop.assign(mac, "hopeless", host=f"{source}/unbuildable")
    with switched_on(workshop, mac, "bios") as machine:
        machine.says("Nixie has nothing to boot for this machine now.")
        machine.says("unbuildable could not be built.")
        machine.says("asking again in")


@pytest.mark.parametrize("as_what", [{}, PLAIN], ids=["rom", "undionly"])
def test_g4_a_machine_reads_that_its_processor_is_too_small(
    workshop: Workshop, as_what: dict[int, int]
) -> None:
    mac = new_mac()
    workshop.assign(mac, f"small-{len(as_what)}", host=workshop.hosts["native"])
    with (
        disguised(workshop.router, as_what),
        switched_on(workshop, mac, "bios", cpu="qemu32") as machine,
    ):
        machine.says("crucible needs a 64-bit processor, and this one has 32 bits.")
        machine.says("asking again in")
        until(lambda: _diagnosed(workshop, mac) == "wrong-system", "the record says so")
    row = workshop.boot_of(mac)
    assert row is not None
    assert named(workshop.steps_of(row.id), "part") == []


def _diagnosed(workshop: Workshop, mac: str) -> str | None:
    row = workshop.boot_of(mac)
    return row.diagnosis if row else None


def test_a_machine_boots_with_web_build_and_their_files_gone(workshop: Workshop) -> None:
    router, mac = workshop.router, new_mac()
    workshop.assign(mac, "alone", host=workshop.hosts["native"])
    image = workshop.image("native")
    with without(router, "web", "build", files=("nixie.db", "access.db", "build.db")):
        with switched_on(workshop, mac, "bios") as machine:
            row = workshop.ends(machine, "up", "short")
        assert (row.state, row.image, row.toplevel) == ("up", image.id, image.toplevel)


@contextmanager
def without(router: Router, *roles: str, files: tuple[str, ...]) -> Iterator[None]:
    """The router started again with roles and files missing, and whole again afterwards."""
    hidden = router.home / "hidden"
    hidden.mkdir()
    router.stop()
    for file in found(router, files):
        file.rename(hidden / file.name)
    try:
        router.start(f"without={','.join(roles)}", roles=[one for one in ROLES if one not in roles])
        yield
    finally:
        router.stop()
        for file in found(router, files):
            file.unlink()
        for file in hidden.iterdir():
            file.rename(router.state / file.name)
        router.start()


def found(router: Router, files: tuple[str, ...]) -> list[Path]:
    """The databases, and what SQLite keeps beside them."""
    return [one for name in files for one in router.state.glob(f"{name}*")]


def test_a_machine_with_a_fixed_address_boots_in_a_flood_of_devices(workshop: Workshop) -> None:
    mac, address = new_mac(), "10.77.0.77"
    workshop.assign(mac, "steadfast", host=workshop.hosts["native"])
    reserved(workshop.router, mac, address)
    with flooded(workshop.router) as flood, switched_on(workshop, mac, "bios") as machine:
        row = workshop.ends(machine, "up", "short")
        assert flood.poll() is None
    image = workshop.image("native")
    assert (row.state, row.image, row.toplevel) == ("up", image.id, image.toplevel)
    acks = [one for one in named(workshop.steps_of(row.id), "dhcp") if one.name == "ACK"]
    assert {one.detail["address"] for one in acks} == {address}


def reserved(router: Router, mac: str, address: str) -> None:
    """The device has that address for good; returns once this is kept."""
    config = router.client.get("/config")["config"]
    config["networks"][0]["dhcp"]["reservations"].append({"mac": mac, "address": address})
    change = router.client.post("/config", config)["wish"]
    until(lambda: router.client.get("/change")["state"] == "on trial", "it waits for Keep")
    router.client.post(f"/change/{change}/keep")
    until(lambda: router.client.get("/change")["state"] == "kept", "it is kept")


@contextmanager
def flooded(router: Router) -> Iterator["subprocess.Popen[bytes]"]:
    """5,000 invented devices a minute on the LAN, once the router has noticed.

    Afterwards the router has never heard of them: the next test finds its pool empty.
    """
    client = LanClient(router)
    client.plug_in()
    script = str(CHECKOUT / "tests/live/dhcp_client.py")
    words = f"while {sys.executable} {script} dev0 flood 5000; do :; done"
    flood = subprocess.Popen(
        [*("ip", "netns", "exec", client.namespace), "sh", "-c", words],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        start_new_session=True,
    )
    try:
        until(lambda: noticed(router), "the flood is noticed")
        yield flood
    finally:
        os.killpg(flood.pid, signal.SIGKILL)
        flood.wait()
        router.stop()
        for file in found(router, ("leases.db",)):
            file.unlink()
        router.start()


def noticed(router: Router) -> bool:
    """Did dhcp say that there is a flood?"""
    with closing(reader(router.state / "leases.db")) as connection:
        question = "SELECT count(*) FROM event WHERE kind = 'PoolFlooded'"
        return bool(connection.execute(question).fetchone()[0])
