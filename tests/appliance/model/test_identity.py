"""Names of a key, and the code that binds a machine to what it shows."""

import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.model.identity import (
    age_recipient,
    code,
    fingerprint,
    known_host,
    machine_id_from,
    public_of,
    ssh_key,
    sshfp,
)

# What ssh-keygen 9.2 made, `ssh-keygen -l` and `ssh-keygen -r web` said of it, and age took.
LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO4x+DyIpxIZpvz5vuDam8ImIFiPWhWmFFVTUE35ZJ5c"
AGE = "age1nsjl327al94a3py3ess3228ng20jazyxwyhsr7ynynz8c4jr4ssqeysfdy"


def test_a_machine_id_is_a_random_uuid() -> None:
    told = UUID(machine_id_from(bytes(range(240, 256))))
    assert told.version == 4
    assert told.hex == machine_id_from(bytes(range(240, 256)))


def test_a_line_is_read_and_written() -> None:
    seed = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    assert ssh_key(seed.public_key().public_bytes_raw()) == LINE
    assert ssh_key(public_of(f"{LINE} root@web")) == LINE


@pytest.mark.parametrize(
    "line",
    ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E=", LINE[:-4], f"{LINE}AAAA"],
)
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not an Ed25519 SSH key"):
        public_of(line)


def test_sops_and_agenix_are_told_the_same_key() -> None:
    assert age_recipient(LINE) == AGE


def test_ssh_says_the_same_of_it(tmp_path: Path) -> None:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed here")
    (tmp_path / "key.pub").write_text(f"{LINE}\n")

    def said(*words: str) -> str:
        done = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, check=True)
        return done.stdout.decode()

    assert fingerprint(LINE) in said("-l", "-f", "key.pub")
    assert sshfp("web", LINE) in said("-r", "web", "-f", "key.pub")


def test_a_host_is_known_by_its_names() -> None:
    assert known_host(["web", "10.77.0.5"], f"{LINE} comment") == f"web,10.77.0.5 {LINE}"


def test_another_key_gives_another_code() -> None:
    codes = {code(b"salt 00\nkey %d" % number, "aa") for number in range(100)}
    assert len(codes) > 95
    assert all(len(one) == 6 for one in codes)


def test_another_number_of_ours_gives_another_code() -> None:
    assert code(b"salt 00", "aa") != code(b"salt 00", "ab")
