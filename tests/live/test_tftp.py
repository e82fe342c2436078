"""TFTP against the clients of others: tftp-hpa, atftp, curl, tftpy, on a LAN of two namespaces."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.boot_room import Room, room

pytestmark = pytest.mark.live

LOADER = bytes(range(256)) * 300  # 76,800 bytes: 150 whole blocks of 512
NAME = "bios/undionly.kpxe"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(tmp_path_factory.mktemp("tftp") / "state", "t") as running:
        yield running


def test_curl_gets_a_loader(here: Room) -> None:
    assert here.run("curl", "-s", f"tftp://10.77.0.1/{NAME}").stdout == LOADER


@pytest.mark.parametrize("size", ["8", "512", "1024", "1432", "1468", "65464"])
def test_curl_gets_it_in_any_block_size(here: Room, size: str) -> None:
    done = here.run("curl", "-s", "--tftp-blksize", size, f"tftp://10.77.0.1/{NAME}")
    assert done.stdout == LOADER


def test_tftp_hpa_gets_a_loader(here: Room, tmp_path: Path) -> None:
    got = tmp_path / "got"
    here.run("tftp", "-m", "binary", "10.77.0.1", "-c", "get", NAME, str(got))
    assert got.read_bytes() == LOADER


def test_g59_tftp_hpa_gets_its_script_in_netascii(here: Room, tmp_path: Path) -> None:
    got = tmp_path / "got"
    here.run("tftp", "-m", "ascii", "10.77.0.1", "-c", "get", "bios/autoexec.ipxe", str(got))
    assert got.read_bytes().startswith(b"#!ipxe\nset base http://10.77.0.1\n")


@pytest.mark.parametrize("options", [(), ("blksize 1468",), ("blksize 1468", "windowsize 32")])
def test_atftp_gets_a_loader(here: Room, tmp_path: Path, options: tuple[str, ...]) -> None:
    got = tmp_path / "got"
    asked = [word for option in options for word in ("--option", option)]
    here.run("atftp", *asked, "-g", "-r", NAME, "-l", str(got), "10.77.0.1")
    assert got.read_bytes() == LOADER


def test_tftpys_client_gets_a_loader(here: Room, tmp_path: Path) -> None:
    got = tmp_path / "got"
    told = f"import tftpy; tftpy.TftpClient('10.77.0.1', 69).download({NAME!r}, {str(got)!r})"
    done = here.run(sys.executable, "-c", told)
    assert done.returncode == 0, done.stderr
    assert got.read_bytes() == LOADER


def test_g63_nobody_can_leave_a_file_here(here: Room, tmp_path: Path) -> None:
    (tmp_path / "evil").write_bytes(b"x")
    done = here.run("curl", "-s", "-T", str(tmp_path / "evil"), "tftp://10.77.0.1/evil")
    assert done.returncode != 0
    assert here.run("curl", "-s", "tftp://10.77.0.1/evil").returncode == 68


def test_g61_a_name_that_is_not_there_is_refused_at_once(here: Room) -> None:
    done = here.run("curl", "-s", "--max-time", "60", "tftp://10.77.0.1/revocations.efi")
    assert done.returncode == 68  # file not found, not a time-out


def test_g61_grub_gets_an_empty_list(here: Room) -> None:
    done = here.run("curl", "-s", "tftp://10.77.0.1/boot/grub/x86_64-efi/fs.lst")
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("name", ["/autoexec.ipxe", "/bios/autoexec.ipxe"])
def test_g66_autoexec_is_beside_every_loader_made_for_the_asker(here: Room, name: str) -> None:
    mine = here.run("curl", "-s", f"tftp://10.77.0.1{name}").stdout
    assert b"/s/52-54-00-00-77-01?" in mine
    other = here.run("curl", "-s", "--interface", "10.77.0.101", f"tftp://10.77.0.1{name}").stdout
    assert b"/s/52-54-00-00-77-02?" in other


def test_a_lost_packet_in_twenty_costs_time_not_bytes(here: Room, tmp_path: Path) -> None:
    loss = ["tc", "-n", here.router, "qdisc"]
    added = subprocess.run(
        [*loss, "add", "dev", "br-lan", "root", "netem", "loss", "5%"],
        capture_output=True,
        check=False,
    )
    if added.returncode:
        pytest.skip("this kernel has no netem")
    try:
        got = tmp_path / "got"
        asked = ["--option", "blksize 1468", "--option", "windowsize 16", "--option", "timeout 1"]
        here.run("atftp", *asked, "-g", "-r", NAME, "-l", str(got), "10.77.0.1")
        assert got.read_bytes() == LOADER
    finally:
        subprocess.run([*loss, "del", "dev", "br-lan", "root"], check=True)


def test_fifty_clients_at_once_all_get_their_file(here: Room) -> None:
    told = (
        f"for n in $(seq 50); do (curl -s --tftp-blksize 1468 tftp://10.77.0.1/{NAME}"
        " | sha256sum) & done; wait"
    )
    sums = here.run("sh", "-c", told).stdout.split(b"\n")[:-1]
    assert len(sums) == 50
    assert len(set(sums)) == 1


def test_a_download_is_a_line_of_its_machines_boot(here: Room) -> None:
    here.run("curl", "-s", "--tftp-blksize", "1468", f"tftp://10.77.0.1/{NAME}")
    here.until(lambda: any(row.mac == "52:54:00:00:77:01" for row in here.stored()))

    def told() -> bool:
        (row,) = (row for row in here.stored()[:50] if row.mac == "52:54:00:00:77:01")
        return any(
            (step.kind, step.name, step.bytes, step.status) == ("loader", NAME, 76_800, "ok")
            and step.detail["block_size"] == 1468
            and step.detail["rate"] > 0
            for step in here.steps(row.id)
        )

    here.until(told)


STRAY = """
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.sendto(b"\\0\\1ipxe.efi\\xff\\0octet\\0", ("10.77.0.1", 69))
one.recv(600)
"""


def test_g58_a_name_from_another_servers_option_67_is_diagnosed(tmp_path: Path) -> None:
    with room(tmp_path / "state", "u") as here:
        here.run(sys.executable, "-c", STRAY)
        here.until(lambda: bool(here.stored()))
        (row,) = here.stored()
        assert (row.diagnosis, row.mac) == ("tftp-suffix-ff", "52:54:00:00:77:01")
        assert [step.name for step in here.steps(row.id)] == ["ipxe.efi\\xff"]
