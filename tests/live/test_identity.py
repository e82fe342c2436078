"""A machine asks who it is, over HTTP; busybox and openssl are what it has."""

import hashlib
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from appliance.model.identity import age_recipient, bech32, bound, code, spaced
from appliance.store import wishes
from appliance.store.open import now
from appliance.store.reads import Reads
from tests.live.boot_room import MAC, Room, room, table
from tests.services.netboot.decided.test_driver import WISHES
from tests.services.netboot.identity.test_driver import BY_TPM
from tests.services.netboot.identity.test_shown import SEALED

pytestmark = pytest.mark.live

KEYS = Path(__file__).parents[2] / "services/nix/adapter/keys.sh"
START = "\non_disk\n[ -n"  # where its functions end
SCRIPT = "/s/52-54-00-00-77-01"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Room]:
    with closing(sqlite3.connect(tmp_path / "nixie.db")) as file:
        file.execute(WISHES)
    with room(tmp_path / "state", "i") as running:
        shutil.copy(tmp_path / "nixie.db", running.state / "nixie.db")
        made = table(running.image)
        machine = replace(made.machines["m1"], keeps_identity=True, machine_id="ab" * 16)
        running.publish(replace(made, machines={"m1": machine}))
        yield running


def address(here: Room) -> str:
    """Where the machine asks, as its command line says."""
    (found,) = re.findall(rb"nixie\.identity=http://10\.77\.0\.1(\S+)", here.curl(SCRIPT))
    return str(found.decode())


def post(here: Room, path: str, body: bytes) -> tuple[int, str]:
    """As busybox posts: raw, under the type of a form."""
    (here.state / "body").write_bytes(body)
    words = ("--data-binary", f"@{here.state}/body", "-w", "\n%{http_code}")
    text, _, status = here.curl(path, *words).decode().rpartition("\n")
    return int(status), text.strip()


def told(here: Room, path: str) -> str:
    return here.curl(path).decode().strip()


def asks(here: Room, path: str, shows: bytes = BY_TPM) -> str:
    """Ask and show; the code."""
    status, said = post(here, path, f"bound {bound(shows)}\n".encode())
    assert (status, said[:6]) == (200, "nonce ")
    assert post(here, path, shows) == (200, "waiting")
    return code(shows, said.removeprefix("nonce "))


def decides(here: Room, kind: str, digits: str) -> None:
    """What web writes when the owner has decided."""
    body = wishes.body("boot", kind, machine="m1", code=digits)
    with closing(sqlite3.connect(here.state / "nixie.db")) as file, file:
        file.execute(
            "INSERT INTO wish (id, role, kind, body, at) VALUES ('w', 'boot', ?, ?, ?)",
            (kind, body, now()),
        )


def test_the_command_line_names_the_machine(here: Room) -> None:
    script = here.curl(SCRIPT)
    assert b" systemd.machine_id=" + b"ab" * 16 in script


def test_a_first_contact_that_the_owner_approves(here: Room) -> None:
    path = address(here)
    assert told(here, path) == "none"
    digits = asks(here, path)
    (waiting,) = Reads(here.state).identity_asks(now())
    assert (waiting.code, waiting.mac, told(here, path)) == (digits, MAC, "waiting")
    decides(here, "approve-identity", digits)
    here.until(lambda: told(here, path) == "kept")
    assert told(here, address(here)) == f"sealed {SEALED}"


def test_a_refused_one_hears_that(here: Room) -> None:
    path = address(here)
    decides(here, "refuse-identity", asks(here, path))
    here.until(lambda: told(here, path) == "refused")


def test_only_what_it_was_bound_to_is_taken(here: Room) -> None:
    path = address(here)
    assert post(here, path, f"bound {bound(b'other')}".encode())[0] == 200
    assert post(here, path, BY_TPM) == (409, "This is not what the machine was bound to.")
    assert Reads(here.state).identity_asks(now()) == []


def test_nothing_is_shown_before_it_is_bound(here: Room) -> None:
    assert post(here, address(here), BY_TPM)[0] == 409


def test_a_boot_asks_once(here: Room) -> None:
    path = address(here)
    asks(here, path)
    again = f"bound {bound(BY_TPM)}".encode()
    assert post(here, path, again) == (409, "This boot has asked already.")


def test_a_guessed_address_is_nobodys(here: Room) -> None:
    path = address(here)
    guessed = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert here.curl(guessed, "-o", "/dev/null", "-w", "%{http_code}") == b"404"
    assert post(here, guessed, f"bound {bound(BY_TPM)}".encode())[0] == 404


def test_where_none_is_kept_nobody_asks(here: Room) -> None:
    path = address(here)
    here.publish(table(here.image))
    here.until(lambda: b"nixie.identity=" not in here.curl(SCRIPT))
    assert post(here, path, f"bound {bound(BY_TPM)}".encode())[0] == 403


def test_much_is_not_read(here: Room) -> None:
    assert post(here, address(here), b"x" * 9000)[0] == 413


@pytest.fixture
def machine(here: Room, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A machine's own script at its first contact: busybox and openssl, nothing else."""
    programs = {name: shutil.which(name) for name in ("busybox", "openssl")}
    if not all(programs.values()):
        pytest.skip("busybox or openssl is not installed here")
    tools = tmp_path / "tools"
    tools.mkdir()
    subprocess.run([str(programs["busybox"]), "--install", "-s", str(tools)], check=True)
    (tools / "openssl").unlink(missing_ok=True)
    (tools / "openssl").symlink_to(str(programs["openssl"]))
    before, _, after = KEYS.read_text().partition("say() {")
    functions = f"say() {{{after.partition(START)[0]}"
    assert before
    settings = f"cd {tmp_path}\nwork=$PWD\nurl=http://10.77.0.1{address(here)}\n"
    (tmp_path / "script").write_text(f"set -e\n{settings}{functions}\nfirst_contact")
    words = ["env", f"PATH={tools}", str(tools / "sh"), str(tmp_path / "script")]
    process = subprocess.Popen(
        ["ip", "netns", "exec", here.client, *words], stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def test_the_machines_own_script_gets_the_key_that_the_router_keeps(
    here: Room, machine: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    here.until(lambda: len(Reads(here.state).identity_asks(now())) == 1)
    (asked,) = Reads(here.state).identity_asks(now())
    decides(here, "approve-identity", asked.code)
    said, _ = machine.communicate(timeout=300)
    assert machine.returncode == 0
    assert f"its code is {spaced(asked.code)}" in said
    here.until(lambda: "m1" in Reads(here.state).identities())
    assert (tmp_path / "key.pub").read_text().strip() == Reads(here.state).identities()["m1"].ssh
    key = load_ssh_private_key((tmp_path / "key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert key.private_bytes_raw() == (here.state / "secrets/boot/identities/m1").read_bytes()


SECRET = "the password of the pantry\n"


def age(folder: Path, *words: str, told: bytes) -> bytes:
    """What age makes of these bytes; the private key lies in `folder`."""
    done = subprocess.run(["age", *words], cwd=folder, input=told, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
def known(here: Room, machine: "subprocess.Popen[str]", tmp_path: Path) -> str:
    """The key that the admin shows, once the machine's own script wrote its private file."""
    here.until(lambda: len(Reads(here.state).identity_asks(now())) == 1)
    (asked,) = Reads(here.state).identity_asks(now())
    decides(here, "approve-identity", asked.code)
    machine.communicate(timeout=300)
    assert (tmp_path / "key").exists()
    here.until(lambda: "m1" in Reads(here.state).identities())
    return Reads(here.state).identities()["m1"].ssh


def test_what_is_encrypted_for_agenix_opens_with_the_machines_own_file(
    known: str, tmp_path: Path
) -> None:
    """agenix gives age the line of secrets.nix, and the host key as its identity."""
    locked = age(tmp_path, "-r", known, told=SECRET.encode())
    assert SECRET.encode() not in locked
    assert age(tmp_path, "-d", "-i", "key", told=locked) == SECRET.encode()


def test_what_is_encrypted_for_sops_opens_with_the_machines_own_file(
    known: str, tmp_path: Path
) -> None:
    """sops-nix makes an age key of the host key, as ssh-to-age does: the hash that Ed25519 itself
    takes (RFC 8032, section 5.1.5), of which X25519 uses the first half."""
    key = load_ssh_private_key((tmp_path / "key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    half = hashlib.sha512(key.private_bytes_raw()).digest()[:32]
    (tmp_path / "age").write_text(bech32("age-secret-key-", half).upper() + "\n")
    locked = age(tmp_path, "-r", age_recipient(known), told=SECRET.encode())
    assert age(tmp_path, "-d", "-i", "age", told=locked) == SECRET.encode()


def test_the_machines_own_script_goes_on_when_it_is_refused(
    here: Room, machine: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    here.until(lambda: len(Reads(here.state).identity_asks(now())) == 1)
    (asked,) = Reads(here.state).identity_asks(now())
    decides(here, "refuse-identity", asked.code)
    said, _ = machine.communicate(timeout=300)
    assert "the owner refused: this machine starts without its identity" in said
    assert not (tmp_path / "key").exists()
