"""The client's script for the binary cache under real shells, and what real Nix makes of it."""

import os
import shutil
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.model.lan_cache import url
from services.netboot.script import Urls, run
from tests.live.nix_place import NIX, OLD_NIX
from tests.services.netboot.made import MAC, image
from tests.services.netboot.test_script import decided

pytestmark = pytest.mark.live

SCRIPT = Path(__file__).parents[2] / "services/nix/adapter/cache.sh"
SHELLS = (("bash", "-eu"), ("busybox", "sh", "-eu"))
KEY = f"nixie-0a1b2c3d:{'A+/cache' * 5}AAA="
ADDRESS = "http://10.77.0.1/cache"


def command_line(cache: str) -> str:
    """What a machine's kernel is given."""
    urls = Urls("http://10.77.0.1", MAC, "T")
    told = run(urls, decided(image()), "http://x/up/1.2", cache)
    (line,) = (line for line in told.splitlines() if line.startswith("kernel "))
    return line.partition(" || ")[0]


def included(folder: Path, shell: tuple[str, ...], line: str) -> Path:
    """Run the script as a unit does; the file that nix.conf includes."""
    (folder / "cmdline").write_text(line)
    subprocess.run(
        [*shell, str(SCRIPT)],
        env={
            "PATH": os.environ["PATH"],
            "NIXIE_CMDLINE": str(folder / "cmdline"),
            "NIXIE_RUN": str(folder / "run"),
        },
        check=True,
    )
    return folder / "run/nix.conf"


@pytest.mark.parametrize("nix", [NIX, OLD_NIX], ids=["new", "old"])
@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: words[0])
def test_nix_asks_the_cache_that_the_command_line_names(
    tmp_path: Path, shell: tuple[str, ...], nix: Path
) -> None:
    assert shutil.which(shell[0])
    file = included(tmp_path, shell, command_line(f"{ADDRESS}={KEY}"))
    (tmp_path / "nix.conf").write_text(
        "substituters = https://cache.nixos.org\n"
        "experimental-features = nix-command\n"
        f"!include {file}\n"
    )
    done = subprocess.run(
        [nix, "show-config"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "NIX_CONF_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    assert found["substituters"].split() == ["https://cache.nixos.org", f"{ADDRESS}?priority=-1"]
    assert KEY in found["trusted-public-keys"].split()


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: words[0])
def test_without_a_cache_nothing_is_left_of_one(tmp_path: Path, shell: tuple[str, ...]) -> None:
    assert included(tmp_path, shell, command_line(f"{ADDRESS}={KEY}")).exists()
    assert not included(tmp_path, shell, command_line("")).exists()


def test_the_address_on_the_command_line_is_the_pages() -> None:
    assert url(IPv4Address("10.77.0.1")) == ADDRESS
