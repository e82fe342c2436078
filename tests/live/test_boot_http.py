"""Boot HTTP with curl on a LAN of two namespaces, and what is written down about it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.model.images import StoreFile
from appliance.model.table import Unknown
from appliance.store.reads import Reads
from tests.live.boot_room import ADDRESS, MAC, OTHER, OTHER_ADDRESS, Room, room, table
from tests.live.waiting import quickest

pytestmark = pytest.mark.live

SCRIPT = "/s/52-54-00-00-77-01"
OTHERS = "/s/52-54-00-00-77-02"
AS_OTHER = ("--interface", OTHER_ADDRESS)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path / "state", "h") as running:
        yield running


def parts(script: bytes) -> dict[str, str]:
    """Name to path of every part a script names."""
    found = re.findall(rb"http://10\.77\.0\.1(/b/\S+/[0-9a-f]{64}/(\S+))", script)
    return {name.decode(): path.decode() for path, name in found}


def phone_home(script: bytes) -> str:
    (found,) = re.findall(rb"nixie\.boot=http://10\.77\.0\.1(\S+)", script)
    return str(found.decode())


def initrd(here: Room) -> bytes:
    (part,) = (one for one in here.image.parts if one.purpose == "initrd")
    return b"".join(
        Path(one.file).read_bytes() if hasattr(one, "file") else one.content
        for one in part.segments
    )


def status(here: Room, path: str, *options: str) -> int:
    told = here.curl(path, "-o", "/dev/null", "-w", "%{http_code}", *options)
    return int(told)


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def test_g71_a_part_of_three_segments_arrives_as_one_file_with_its_length(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["initrd"]
    told = here.curl(path, "-D", "-", "--compressed")
    head, _, body = told.partition(b"\r\n\r\n")
    assert body == initrd(here)
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Content-Encoding" not in head
    assert b"Transfer-Encoding" not in head


def test_g71_edk2_asks_by_head_first_and_gets_the_length(here: Room) -> None:
    head = here.curl("/n/bios/undionly.kpxe", "-I")
    assert b"200 OK" in head
    assert b"Content-Length: 76800" in head


@pytest.mark.parametrize("span", ["0-0", "699990-700030", "-10", "700000-700001", "0-"])
def test_g71_a_range_over_segments_is_those_bytes(here: Room, span: str) -> None:
    path = parts(here.curl(SCRIPT))["initrd"]
    whole = initrd(here)
    first, _, last = span.partition("-")
    start = int(first) if first else len(whole) - int(last)
    stop = int(last) + 1 if first and last else len(whole)
    told = here.curl(path, "-D", "-", "-r", span)
    head, _, body = told.partition(b"\r\n\r\n")
    assert b"206 Partial Content" in head
    assert f"Content-Range: bytes {start}-{stop - 1}/{len(whole)}".encode() in head
    assert body == whole[start:stop]


def test_a_range_behind_the_end_is_416_with_the_size(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["bzImage"]
    told = here.curl(path, "-D", "-", "-r", "1000-")
    assert b"416 " in told
    assert b"Content-Range: bytes */9" in told


def test_a_download_that_broke_off_is_taken_up_again(here: Room, tmp_path: Path) -> None:
    path = parts(here.curl(SCRIPT))["initrd"]
    (tmp_path / "got").write_bytes(initrd(here)[:1_000_000])
    here.curl(path, "-C", "-", "-o", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == initrd(here)


def test_g67_the_loader_and_its_autoexec_lie_side_by_side(here: Room) -> None:
    assert here.curl("/n/bios/undionly.kpxe") == bytes(range(256)) * 300
    assert here.curl("/n/bios/autoexec.ipxe").startswith(b"#!ipxe\n")
    assert b"application/octet-stream" in here.curl("/n/bios/undionly.kpxe", "-I")


def test_g66_autoexec_is_made_for_the_machine_that_asks(here: Room) -> None:
    assert b"/s/52-54-00-00-77-01?" in here.curl("/n/x64/autoexec.ipxe")
    assert b"/s/52-54-00-00-77-02?" in here.curl("/n/x64/autoexec.ipxe", *AS_OTHER)


def test_two_slashes_are_one(here: Room) -> None:
    assert here.curl("//n//bios/undionly.kpxe") == bytes(range(256)) * 300


@pytest.mark.parametrize(
    "path",
    [
        "/n/x64/nothing.efi",
        "/n/bios/..%2f..%2fetc%2fpasswd",
        "/n/../../etc/passwd",
        "/s/nonsense",
        "/b/x/y",
        f"/b/{'A' * 24}/{'0' * 64}/initrd",
        "/up/1.2",
        "/ca.crt",
    ],
)
def test_what_is_not_there_says_so_with_a_body(here: Room, path: str) -> None:
    told = here.curl(path, "--path-as-is", "-w", "\n%{http_code}")
    body, _, code = told.rpartition(b"\n")
    assert code == b"404"
    assert body.strip()
    assert b"root:" not in body


def test_what_is_no_boot_path_is_sent_to_the_admin(here: Room) -> None:
    head = here.curl("/machines?x=1", "-I")
    assert b"302 " in head
    assert b"Location: https://10.77.0.1/\r\n" in head


@pytest.fixture
def six(here: Room) -> str:
    """The router's link-local address, which both ends of a cable have by themselves."""
    told = subprocess.run(
        ["ip", "-n", here.router, "-6", "-o", "addr", "show", "br-lan", "scope", "link"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    own = re.search(r"inet6 (\S+)/", told.stdout)
    assert own
    for where, link, address in (
        (here.router, "br-lan", "fd12::1"),
        (here.client, "nxc", "fd12::9"),
    ):
        add = ["ip", "-n", where, "addr", "add", f"{address}/64", "dev", link, "nodad"]
        subprocess.run(add, check=True)
    return own[1]


def test_a_request_by_ipv6_is_sent_to_the_admin_at_that_address(here: Room, six: str) -> None:
    head = here.curl("/machines", "-I", at="[fd12::1]")
    assert b"Location: https://[fd12::1]/\r\n" in head
    head = here.curl("/machines", "-I", at=f"[{six}%25nxc]")
    assert b"Location: https://10.77.0.1/\r\n" in head


@pytest.mark.usefixtures("six")
def test_a_script_that_is_asked_by_ipv6_leads_on_by_ipv6(here: Room) -> None:
    script = here.curl(SCRIPT, at="[fd12::1]")
    (path,) = re.findall(rb"http://\[fd12::1\](/b/\S+/[0-9a-f]{64}/kernel)", script) or (b"",)
    assert here.curl(path.decode(), at="[fd12::1]")


@pytest.mark.parametrize("path", [SCRIPT, "/n/bios/undionly.kpxe", "/b/x/y", "/n/none/x"])
def test_g72_a_boot_path_never_redirects(here: Room, path: str) -> None:
    assert status(here, path) not in range(300, 400)


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/machines", "POST", "GET, HEAD"),
        (SCRIPT, "DELETE", "GET, HEAD"),
        ("/b/x/err", "PUT", "GET"),
        (f"/up/{'0' * 36}.x", "GET", "POST"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    here: Room, path: str, method: str, allowed: str
) -> None:
    told = here.curl(path, "-X", method, "-D", "-")
    assert b"405 " in told
    assert f"Allow: {allowed}\r\n".encode() in told


# ── whose ────────────────────────────────────────────────────────────────────────────────────────


def test_a_part_is_not_given_to_another_machine(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["bzImage"]
    assert status(here, path, *AS_OTHER) == 404
    here.until(lambda: "TokenUnknown" in here.events())


def test_a_script_is_not_given_to_another_machine(here: Room) -> None:
    assert status(here, SCRIPT, *AS_OTHER) == 403
    here.until(lambda: "TokenUnknown" in here.events())


def test_a_token_opens_its_image_only(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["bzImage"]
    token = path.split("/")[2]
    assert status(here, f"/b/{token}/{'0' * 64}/bzImage") == 410


def test_a_token_outlives_the_role(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["initrd"]
    here.stop(signal.SIGKILL)
    here.start()
    assert here.curl(path) == initrd(here)


def test_g79_what_a_client_says_reaches_no_script(here: Room) -> None:
    told = here.curl(SCRIPT + "?serial=x%0Areboot%20%24%7Bnet0%2Fmac%7D&uuid=%3Cscript%3E")
    assert b"reboot" not in told
    assert b"<script>" not in told
    here.until(lambda: bool(here.stored()))
    assert here.stored()[0].facts["serial"] == "x?reboot ${net0/mac}"


# ── the boot, written down ───────────────────────────────────────────────────────────────────────


def test_a_boot_from_script_to_phone_home(here: Room) -> None:
    script = here.curl(SCRIPT + "?uuid=11111111-2222-3333-4444-555555555555&plat=pcbios")
    for path in parts(script).values():
        here.curl(path)
    here.until(lambda: here.stored()[0].state == "starting")
    told = ("-d", "toplevel=/nix/store/x-ember", "-d", "hostname=ember")
    assert status(here, phone_home(script), *told) == 200
    (row,) = here.stored()
    assert (row.state, row.toplevel, row.host) == ("up", "/nix/store/x-ember", "s1/ember")
    assert [(step.kind, step.name) for step in here.steps(row.id)] == [
        ("script", "ember"),
        ("part", "bzImage"),
        ("part", "initrd"),
        ("up", "ember"),
    ]
    last = here.steps(row.id)[2]
    assert (last.bytes, last.total, last.status) == (len(initrd(here)),) * 2 + ("ok",)
    assert last.detail["rate"] > 0


def test_a_machine_phones_home_once(here: Room) -> None:
    path = phone_home(here.curl(SCRIPT))
    assert status(here, path, "-d", "toplevel=/a") == 200
    assert status(here, path, "-d", "toplevel=/b") == 409
    assert here.stored()[0].toplevel == "/a"


@pytest.mark.parametrize("guessed", [False, True])
def test_a_phone_home_of_too_many_fields_is_told_so(here: Room, guessed: bool) -> None:
    path = phone_home(here.curl(SCRIPT)) + ("x" if guessed else "")
    fields = "&".join(f"field{number}=1" for number in range(21))
    told = here.curl(path, "-d", fields, "-w", "\n%{http_code}")
    assert told == b"A phone-home has at most 20 fields.\n\n400"
    assert here.stored()[0].state == "loading"


@pytest.mark.parametrize("header", ["X-Length: told", "Transfer-Encoding: chunked"])
def test_a_phone_home_that_is_too_long_is_not_read(here: Room, tmp_path: Path, header: str) -> None:
    (tmp_path / "long").write_bytes(b"toplevel=" + b"x" * 900_000)
    path = phone_home(here.curl(SCRIPT))
    told = here.curl(path, "-H", header, "--data-binary", f"@{tmp_path}/long", "-D", "-")
    assert b"413 " in told
    assert b"at most 16384 bytes" in told
    assert status(here, path, "-d", "toplevel=/a") == 200


def test_a_guessed_secret_is_not_heard(here: Room) -> None:
    path = phone_home(here.curl(SCRIPT))
    assert status(here, path[:-1] + ("A" if path[-1] != "A" else "B"), "-d", "toplevel=/a") == 404
    assert here.stored()[0].state == "loading"


def test_what_was_confirmed_to_a_machine_survives_a_kill(here: Room) -> None:
    path = phone_home(here.curl(SCRIPT))
    assert status(here, path, "-d", "toplevel=/a") == 200
    here.stop(signal.SIGKILL)
    assert (here.stored()[0].state, here.stored()[0].toplevel) == ("up", "/a")
    here.start()
    assert status(here, path, "-d", "toplevel=/a") == 409


def test_a_client_that_leaves_in_the_middle_is_a_broken_download(here: Room) -> None:
    with (here.state / "store" / "large").open("wb") as sparse:
        sparse.truncate(200_000_000)
    segments = (StoreFile(str(here.state / "store" / "large"), 200_000_000),)
    large = replace(here.image.parts[1], size=200_000_000, segments=segments)
    here.publish_image(replace(here.image, parts=(here.image.parts[0], large)))
    path = parts(here.curl(SCRIPT))["initrd"]
    here.curl(path, "--limit-rate", "200k", "--max-time", "4", "-o", "/dev/null")

    def broken() -> bool:
        (row,) = here.stored()
        steps = [step for step in here.steps(row.id) if step.kind == "part"]
        return bool(steps) and steps[-1].status == "aborted"

    here.until(broken)
    (row,) = here.stored()
    assert 0 < (here.steps(row.id)[-1].bytes or 0) < 200_000_000
    assert here.stored()[0].diagnosis == "download-aborted"


def test_a_file_that_is_cut_off_in_the_middle_is_missing(here: Room) -> None:
    file = here.state / "store" / "shrinks"
    with file.open("wb") as sparse:
        sparse.truncate(200_000_000)
    large = replace(
        here.image.parts[1], size=200_000_000, segments=(StoreFile(str(file), 200_000_000),)
    )
    here.publish_image(replace(here.image, parts=(here.image.parts[0], large)))
    path = parts(here.curl(SCRIPT))["initrd"]
    with ThreadPoolExecutor() as beside:
        slow = beside.submit(here.curl, path, "--limit-rate", "4M", "-o", "/dev/null")
        here.until(lambda: any(step.kind == "part" for step in here.steps(here.stored()[0].id)))
        os.truncate(file, 50_000_000)
        slow.result(300)

    def over() -> bool:
        (row,) = here.stored()
        return here.steps(row.id)[-1].status == "missing"

    here.until(over)


LEAVES_AT_ONCE = """
import socket, sys
for _ in range(20):
    with socket.create_connection(("10.77.0.1", 80)) as one:
        one.sendall(f"GET {sys.argv[1]} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode())
        head, _, body = one.recv(65536).partition(b"\\r\\n\\r\\n")
        left = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0]) - len(body)
        while left:
            left -= len(one.recv(min(left, 65536)))
"""


def test_a_client_that_closes_with_the_last_byte_has_everything(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["initrd"]
    here.run(sys.executable, "-c", LEAVES_AT_ONCE, path)

    def told() -> list[str]:
        steps = here.steps(here.stored()[0].id)
        return [step.status for step in steps if step.kind == "part" and step.ended_at]

    here.until(lambda: len(told()) == 20)
    assert told() == ["ok"] * 20


def test_a_loader_is_written_down_with_its_rate(here: Room) -> None:
    here.curl("/n/bios/undionly.kpxe")
    here.until(lambda: bool(here.stored()))
    (step,) = here.steps(here.stored()[0].id)
    assert (step.kind, step.bytes) == ("loader", 76_800)
    assert step.detail["rate"] > 0


def test_g4_a_machine_of_another_architecture_reads_that_the_image_is_not_for_it(
    here: Room,
) -> None:
    told = here.curl(SCRIPT + "?arch=arm64&plat=efi")
    assert b"ember is made for x86_64-linux, and this machine runs aarch64-linux." in told
    assert b"kernel http" not in told
    here.until(lambda: here.stored()[0].diagnosis == "wrong-system")


def test_what_is_missing_is_there_for_the_owner_to_read(here: Room) -> None:
    here.until(lambda: len(Reads(here.state).missing_loaders()) == 3)
    told = Reads(here.state).missing_loaders()
    assert [one.partition(" is installed")[0] for one in told] == [
        "No loader for 64-bit UEFI",
        "No loader for 32-bit UEFI",
        "No loader for 64-bit ARM UEFI",
    ]


def test_a_report_of_ipxe_is_written_down(here: Room) -> None:
    token = parts(here.curl(SCRIPT))["bzImage"].split("/")[2]
    assert status(here, f"/b/{token}/err?at=kernel&errno=0x2d0c613b") == 200
    here.until(lambda: here.stored()[0].diagnosis == "script-failed")


def test_a_part_whose_file_is_gone_is_410_with_a_body(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["bzImage"]
    (here.state / "store" / "kernel").unlink()
    told = here.curl(path, "-w", "\n%{http_code}")
    assert told.endswith(b"410")
    assert b"Build it again" in told
    here.until(lambda: here.stored()[0].diagnosis == "artifact-pruned")


# ── holding, menus, other roles ──────────────────────────────────────────────────────────────────


def test_g73_a_held_machine_is_told_to_come_back_in_three_seconds(here: Room) -> None:
    script = here.curl(OTHERS, *AS_OTHER)
    assert re.search(rb"code is [0-9]{4}\n", script)
    told = here.curl(OTHERS + "?hold=1", "-D", "-", *AS_OTHER)
    assert b"503 " in told
    assert b"Retry-After: 3\r\n" in told
    here.until(lambda: "MachineHeld" in here.events())


def test_an_assignment_releases_a_held_machine_at_its_next_question(here: Room) -> None:
    here.curl(OTHERS, *AS_OTHER)
    assert status(here, OTHERS + "?hold=1", *AS_OTHER) == 503
    known = table(here.image)

    def seconds() -> float:
        here.publish(known)
        here.until(lambda: status(here, OTHERS + "?hold=1", *AS_OTHER) == 503)
        here.publish(replace(known, macs={MAC: "m1", OTHER: "m1"}))
        assigned = time.monotonic()
        here.until(lambda: status(here, OTHERS + "?hold=1", *AS_OTHER) == 200)
        return time.monotonic() - assigned

    assert quickest(seconds, 5) < 5  # the promise made to the owner
    assert b"kernel http://" in here.curl(OTHERS + "?hold=1", *AS_OTHER)


def test_a_held_machine_keeps_its_code_while_it_waits(here: Room) -> None:
    codes = {
        re.findall(rb"code is ([0-9]{4})\n", here.curl(OTHERS, *AS_OTHER))[0] for _ in range(3)
    }
    assert len(codes) == 1


def test_a_menu_leads_to_what_was_picked(here: Room) -> None:
    here.publish(replace(table(here.image), unknown={"lan": Unknown("menu", "u1")}, macs={}))
    here.until(lambda: b"menu Nixie: Workshop" in here.curl(SCRIPT))
    script = here.curl(SCRIPT)
    (pick,) = re.findall(rb"http://10\.77\.0\.1(/b/[^/]+/pick/)\$\{picked\}", script)
    (key,) = re.findall(rb"^item (g-[0-9a-f]+) ", script, re.MULTILINE)
    told = here.curl(pick.decode() + key.decode())
    assert here.curl(parts(told)["initrd"]) == initrd(here)
    assert b"sanboot" in here.curl(pick.decode() + "local")
    assert b"not in the menu" in here.curl(pick.decode() + "g-0123456789abcdef")


def test_a_boot_goes_on_with_every_other_roles_file_gone(here: Room) -> None:
    here.until(lambda: b"kernel" in here.curl(SCRIPT))
    here.stop()
    for name in ("net.db", "leases.db"):
        for path in here.state.glob(f"{name}*"):
            path.unlink()
    here.start()
    script = here.curl(SCRIPT)
    assert here.curl(parts(script)["initrd"]) == initrd(here)
    assert here.stored()[0].network == "lan"
    assert b"/s/${net0/mac:hexhyp}?" in here.curl("/n/bios/autoexec.ipxe")


def test_a_half_written_table_changes_nothing(here: Room) -> None:
    (here.state / "published" / "table.json").write_text('{"schema": 1, "at"')
    assert b"kernel http://" in here.curl(SCRIPT)


def test_fifty_downloads_at_once_take_no_memory(here: Room) -> None:
    path = parts(here.curl(SCRIPT))["initrd"]
    assert here.process is not None

    def resident() -> int:
        told = Path(f"/proc/{here.process.pid}/status").read_text() if here.process else ""
        return int(re.findall(r"VmRSS:\s+(\d+) kB", told)[0])

    before = resident()
    slow = f"curl -s --limit-rate 1M -o /dev/null http://10.77.0.1{path}"
    here.run("sh", "-c", f"for n in $(seq 50); do {slow} & done; wait")
    assert resident() - before < 10_000  # kB: fifty copies would be 137,000


def test_the_address_of_the_client_is_its_lease(here: Room) -> None:
    assert ADDRESS == "10.77.0.100"
    here.curl(SCRIPT)
    here.until(lambda: bool(here.stored()))
    assert here.stored()[0].mac == MAC


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Room]:
    """The role with its state on a disk of 16 MB."""
    state = tmp_path / "state"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "nixie", str(state)], check=True)
    try:
        with room(state, "f") as running:
            yield running
    finally:
        subprocess.run(["umount", "--lazy", str(state)], check=True)


ASKS_UNTIL_REFUSED = """
import sys, urllib.error, urllib.request
for number in range(4000):
    try:
        urllib.request.urlopen(f"http://10.77.0.1{sys.argv[1]}?serial={number:080d}").read()
    except urllib.error.HTTPError as error:
        print(error.code, error.headers["Retry-After"], error.read().decode())
        break
"""


def test_on_a_full_disk_a_machine_waits_and_goes_on_when_there_is_room(cramped: Room) -> None:
    filling = cramped.state / "filling"
    with filling.open("wb", buffering=0) as opened, suppress(OSError):  # nothing is left to close
        while True:
            opened.write(bytes(65_536))
    refused = cramped.run(sys.executable, "-c", ASKS_UNTIL_REFUSED, SCRIPT).stdout
    assert refused == b"503 3 The router cannot write to its disk now. Ask again.\n\n"
    time.sleep(1)
    assert cramped.process is not None
    assert cramped.process.poll() is None  # the role is still there
    filling.unlink()
    assert b"kernel http://" in cramped.curl(SCRIPT + "?serial=later")
    cramped.until(lambda: cramped.stored()[0].facts["serial"] == "later")
