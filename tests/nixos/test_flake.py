"""flake.nix and what it imports, evaluated by real Nix against a Nixpkgs of names."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NIX = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "nix/usr/bin/nix"
STUB = ROOT / "tests/nixos/nixpkgs.nix"
FLAKE = f"((import {ROOT}/flake.nix).outputs {{ self = {{ }}; nixpkgs = import {STUB}; }})"

pytestmark = pytest.mark.skipif(not NIX.exists(), reason="set-up for run or test unpacks Nix")


def evaluated(expression: str, folder: Path) -> Any:
    """An expression's value, in a store of its own.  Raises AssertionError in Nix's words."""
    words = [
        str(NIX), "--extra-experimental-features", "nix-command", "eval", "--impure", "--json",
        "--store", str(folder / "store"), "--expr", expression,
    ]  # fmt: skip
    environment = {"HOME": str(folder), "PATH": os.defpath}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_python_has_what_pyproject_names(tmp_path: Path) -> None:
    packages = f"(import {STUB}).legacyPackages.x86_64-linux.callPackage"
    env = f"({packages} {ROOT}/nixos-image/python.nix {{ }})"
    names = evaluated(f"map (one: one.name) {env}.packages", tmp_path)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert sorted(names) == sorted([*wanted, "nftables"])  # which is no package of pip


def test_the_home_is_laid_out_as_on_debian(tmp_path: Path) -> None:
    script = evaluated(f"{FLAKE}.packages.x86_64-linux.home.script", tmp_path)
    links = dict(re.findall(r"ln -s (\S+) \$out/(\S+)", script))
    assert set(links.values()) == {
        "usr", "venv", "daemons/usr/sbin/radvd", "daemons/usr/sbin/dhcpcd",
        "daemons/usr/sbin/chronyd", "daemons/usr/sbin/pppd", "daemons/usr/lib/pppd",
        "nix/usr/bin", "loaders/1.0", "parts/boot/vmlinuz-6.12.1",
        "parts/lib/modules", "parts/bin/busybox", "parts/usr/bin/mksquashfs",
        "parts/usr/bin/openssl", "parts/lib/libgcc_s.so.1",
    }  # fmt: skip
    busybox = next(path for path, link in links.items() if link == "parts/bin/busybox")
    assert busybox.endswith("-busybox-static/bin/busybox")


def test_the_package_starts_with_its_own_home(tmp_path: Path) -> None:
    script = evaluated(f"{FLAKE}.packages.x86_64-linux.default.script", tmp_path)
    assert "export NIXIE_HOME=$out PYTHONPATH=$out/program" in script
    assert '-P -m appliance "\\$@"' in script


def test_a_name_that_nixpkgs_does_not_have_is_noticed(tmp_path: Path) -> None:
    stub = f"(import {STUB}).legacyPackages.x86_64-linux"
    with pytest.raises(AssertionError, match="dhclient"):
        evaluated(f"({stub}.callPackage ({{ dhclient }}: dhclient.name) {{ }})", tmp_path)
