"""What U-Boot fetches by TFTP, with a client in its place: its file, its rights, its record."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.events import BootAnswered, BootAsked
from appliance.model.images import Image, StoreFile, content_hash
from appliance.model.table import Generation
from appliance.store import journal, leases
from appliance.store.boots import BootRow
from appliance.store.open import writer
from tests.live.boot_room import ADDRESS, MAC, OTHER, OTHER_ADDRESS, Room, image, part, room, table

pytestmark = pytest.mark.live

KERNEL = b"MZ" + bytes(54) + b"ARM\x64" + bytes(4_000)
TREE = b"\xd0\x0d\xfe\xed" + bytes(900)
MINE = f"pxelinux.cfg/01-{MAC.replace(':', '-')}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(tmp_path_factory.mktemp("uboot") / "state", "b") as running:
        made = board(running.state / "store", KERNEL)
        running.publish_image(made)
        running.publish(table(made))
        running.image = made
        yield running


def board(folder: Path, kernel: bytes) -> Image:
    """An image for a board, with a device tree."""
    made = image(folder, kernel=kernel)
    (folder / "board.dtb").write_bytes(TREE)
    tree = part("dtb", "board.dtb", (StoreFile(str(folder / "board.dtb"), len(TREE)),))
    parts = (*made.parts, tree)
    ident = content_hash(made.host, None, parts, made.command_line, made.toplevel)
    return replace(made, id=ident, system="aarch64-linux", parts=parts)


def switched_on(here: Room, mac: str = MAC, address: str = ADDRESS) -> None:
    """What dhcp writes down of a U-Boot that asks."""
    asked = BootAsked("lan", mac, "uboot-arm64", "request", 1, 22, "U-Boot.armv8")
    answered = BootAnswered("lan", mac, "ack", 1, address, "boot.scr.uimg")
    with (
        closing(writer(here.state / "leases.db", leases.MIGRATIONS)) as connection,
        journal.transaction(connection),
    ):
        for event in (asked, answered):
            journal.append(connection, event, time.time())
    here.until(lambda: here.boot_of(mac) is not None)


def fetched(here: Room, name: str, source: str = ADDRESS) -> tuple[int, bytes]:
    done = here.run("curl", "-s", "--interface", source, f"tftp://10.77.0.1/{name}")
    return done.returncode, done.stdout


def files(config: bytes) -> dict[str, str]:
    """The names in a configuration: KERNEL, INITRD, FDT."""
    return dict(re.findall(r"^  (KERNEL|INITRD|FDT) (\S+)$", config.decode(), re.MULTILINE))


def test_everybody_gets_the_script(here: Room) -> None:
    code, script = fetched(here, "boot.scr.uimg")
    assert code == 0
    assert script[:4] == b"\x27\x05\x19\x56"
    assert b"if pxe get; then pxe boot; fi" in script


def test_the_machines_own_configuration_leads_to_every_byte(here: Room) -> None:
    switched_on(here)
    code, config = fetched(here, MINE)
    assert code == 0
    assert b"MENU LABEL Nixie: ember, generation 1" in config
    line = b"APPEND init=/nix/store/x-ember/init loglevel=4 rootfstype=ramfs BOOTIF=01-52-54"
    assert line in config
    for keyword, purpose in (("KERNEL", "kernel"), ("INITRD", "initrd"), ("FDT", "dtb")):
        got = fetched(here, files(config)[keyword])[1]
        segments = here.image.part(purpose).segments
        assert got == b"".join(
            Path(one.file).read_bytes() if isinstance(one, StoreFile) else one.content
            for one in segments
        )
    row = newest(here)
    here.until(lambda: newest(here).state == "starting")
    told = {one.name: (one.bytes, one.status) for one in here.steps(row.id) if one.kind == "part"}
    assert told == {one.name: (one.size, "ok") for one in here.image.parts}
    assert (row.firmware, row.image) == ("uboot-arm64", here.image.id)


def test_the_host_phones_home_with_what_its_command_line_says(here: Room) -> None:
    switched_on(here)
    config = fetched(here, MINE)[1]
    (url,) = re.findall(rb"nixie.boot=http://10.77.0.1(\S+)", config)
    said = here.curl(url.decode(), "--data", f"toplevel={here.image.toplevel}&hostname=ember")
    assert said == b"Heard.\n"
    here.until(lambda: newest(here).state == "up")


def test_nobody_else_gets_what_a_machine_was_given(here: Room) -> None:
    switched_on(here)
    assert fetched(here, MINE, OTHER_ADDRESS)[0] == 68
    config = fetched(here, MINE)[1]
    assert fetched(here, files(config)["KERNEL"], OTHER_ADDRESS)[0] == 68
    here.until(lambda: "TokenUnknown" in here.events())


def test_only_u_boot_has_a_configuration(here: Room) -> None:
    other = f"pxelinux.cfg/01-{OTHER.replace(':', '-')}"
    assert fetched(here, other, OTHER_ADDRESS)[0] == 68


def test_no_name_leads_out_of_the_image(here: Room) -> None:
    switched_on(here)
    name = files(fetched(here, MINE)[1])["KERNEL"]
    folder = name.rpartition("/")[0]
    for wrong in (f"{folder}/store", f"{folder}/../../etc/passwd", name.replace("g-", "g-0")):
        assert fetched(here, wrong)[0] == 68


TAKES = """
import socket, sys, time
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.bind((sys.argv[1], 0))
asking.settimeout(60)
asking.sendto(b"\\0\\1" + sys.argv[2].encode() + b"\\0octet\\0", ("10.77.0.1", 69))
block = b""
while block[2:4] != b"\\0\\3":  # one that is acknowledged late comes twice
    block, peer = asking.recvfrom(1000)
    asking.sendto(b"\\0\\4" + block[2:4], peer)
time.sleep(600)
"""


def test_how_much_of_a_part_is_there_is_seen_on_the_way(here: Room) -> None:
    switched_on(here)
    name = files(fetched(here, MINE)[1])["INITRD"]
    words = ("ip", "netns", "exec", here.client, sys.executable, "-c", TAKES, ADDRESS, name)

    def told() -> list[tuple[int | None, str]]:
        steps = here.steps(newest(here).id)
        return [(one.bytes, one.status) for one in steps if one.name == "initrd"][-1:]

    with subprocess.Popen(words) as taking:
        here.until(lambda: told() == [(3 * 512, "running")])
        here.until(lambda: told() == [(3 * 512, "aborted")])
        taking.kill()


def test_a_kernel_that_u_boot_cannot_start_is_said(here: Room) -> None:
    packed = board(here.state / "store", b"\x1f\x8b\x08" + bytes(100))
    here.publish_image(packed)
    here.publish(table(packed))
    switched_on(here)
    here.until(lambda: b"is packed by gzip" in fetched(here, MINE)[1])
    config = fetched(here, MINE)[1]
    assert b"MENU LABEL Nixie: The kernel of ember is packed by gzip" in config
    assert files(config) == {}
    here.publish_image(here.image)
    board(here.state / "store", KERNEL)
    here.publish(table(here.image))


def test_of_a_menu_one_entry_is_given_and_no_other_after_it(here: Room) -> None:
    first, second = here.image, board(here.state / "store", KERNEL + b"other")
    here.publish_image(second)
    told = table(first, "menu")
    both = tuple(Generation(n, one.id, "good", {}) for n, one in ((2, second), (1, first)))
    hosts = {"s1/ember": replace(told.hosts["s1/ember"], generations=both)}
    here.publish(replace(told, hosts=hosts))
    switched_on(here)
    config = fetched(here, MINE)[1].decode()
    assert re.findall(r"^(?:MENU TITLE|TIMEOUT) .*$", config, re.MULTILINE) == [
        "MENU TITLE Nixie: Workshop",
        "TIMEOUT 50",
    ]
    names = re.findall(r"FDT (\S+)", config)
    assert [fetched(here, name)[0] for name in (names[1], names[0], names[1])] == [0, 68, 0]
    here.until(lambda: newest(here).image == first.id)
    (picked,) = [one for one in here.steps(newest(here).id) if one.kind == "menu"]
    assert picked.name == "ember"


def newest(here: Room) -> BootRow:
    found = here.boot_of(MAC)
    assert found is not None
    return found
