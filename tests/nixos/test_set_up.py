"""nixos/set-up.sh and what it installs, on a machine that only looks like NixOS."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
HOME = Path(os.environ.get("NIXIE_HOME", "/opt/nixie"))

pytestmark = pytest.mark.live


class Machine:
    """One made-up NixOS; what is below /opt and /run stays from one call to the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        script = ["bash", str(HERE / "machine.sh"), str(self.folder), str(ROOT), sys.prefix]
        return subprocess.run(
            ["unshare", "--mount", "--propagation", "private", *script, *command],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def set_up(self, target: str = "run") -> subprocess.CompletedProcess[str]:
        return self.run("bash", str(ROOT / "nixos-image/nixos/set-up.sh"), target)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Set up once."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path_factory.mktemp("nixos")
    for one in (folder, folder.parent):
        one.chmod(0o755)  # roles run with users of their own
    browser = folder / "opt/nixie/browser"
    shutil.copytree(HOME / "browser", browser)  # npm would fetch the same
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    (browser / ".set-up-package-lock.json").write_text(f"{lock}  -")
    made = Machine(folder)
    told = made.set_up()
    assert told.returncode == 0, told.stdout + told.stderr
    assert "each role's user can read it" in told.stdout
    return made


def test_a_second_time_nothing_is_done(machine: Machine) -> None:
    assert machine.set_up().stdout == "set-up: ready\n"


def test_packages_that_were_collected_as_garbage_are_built_again(machine: Machine) -> None:
    (machine.folder / "opt/nixie/packages").unlink()
    assert "building or fetching the packages" in machine.set_up().stdout


def test_a_program_that_was_deleted_is_installed_again(machine: Machine) -> None:
    shutil.rmtree(machine.folder / "opt/nixie/program")
    assert "installed the program" in machine.set_up().stdout


def test_the_sample_is_put_together_from_the_packages(machine: Machine) -> None:
    parts = machine.folder / "opt/nixie/sample/parts"
    assert (parts / "kernel/bzImage").is_file()
    assert (parts / "squashfs/mksquashfs").is_file()


def test_the_installed_program_runs(machine: Machine) -> None:
    told = machine.run("/opt/nixie/nixie", "lab", "boot", "--help")
    assert "Switch a machine on" in told.stdout, told.stderr


def test_the_program_finds_others_where_debian_has_them(machine: Machine) -> None:
    inside = "/opt/nixie/inside"
    assert machine.run("ls", "/usr/bin").stdout.split() == ["env"]
    told = machine.run(inside, "/opt/nixie/packages", "ls", "/usr/bin/setpriv", "/bin/false")
    assert told.stdout.split() == ["/bin/false", "/usr/bin/setpriv"], told.stderr


def test_a_namespace_of_one_command_is_seen_by_the_next(machine: Machine) -> None:
    inside, name = "/opt/nixie/inside /opt/nixie/packages", f"nx{os.getpid()}"
    script = (
        f"{inside} ip netns add {name} && {inside} ip netns exec {name} ip link show lo;"
        f" {inside} ip netns del {name}; ls /usr/bin"
    )
    told = machine.run("sh", "-c", script)
    assert "LOOPBACK" in told.stdout, told.stderr
    assert told.stdout.split()[-1] == "env"  # the view ended with its command


def test_the_tests_say_where_they_run(machine: Machine) -> None:
    told = machine.set_up("test")
    assert told.returncode == 2
    assert "run them on Debian 12" in told.stdout
