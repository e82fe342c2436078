"""A first stage of Debian's own: dracut and systemd, with our units as Nix evaluates them."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.lab.sample.assemble import sources
from tests.live.standing import CHECKOUT, INSTALLED

DRACUT = INSTALLED / "peers/dracut"
HERE = CHECKOUT / "tests/vm/dracut"
NIX = INSTALLED / "nix/usr/bin/nix"
STORE_MOUNT = "sysroot-nix-store.mount"
OURS = ("nixie-network", "nixie-store")
APPLETS = ("cat", "chmod", "ip", "ls", "sh", "sleep", "udhcpc", "uname", "wc", "wget")
FILES = ("usr", "lib", "bin", "sbin")


def kernel() -> Path:
    """Debian's kernel, as set-up unpacked it for the sample."""
    (found,) = (INSTALLED / "kernel/boot").glob("vmlinuz-*")
    return found


def ramdisk(place: Path) -> Path:
    """The initial ramdisk, built below `place` from this system's files and the unpacked ones."""
    units = place / "units"
    units.mkdir(parents=True)
    for name, unit in evaluated(place).items():
        written(units, name, unit)
    shutil.copy(HERE / "ready.service", units)
    linked(units, "ready.service", f"{STORE_MOUNT}.requires")
    version = kernel().name.removeprefix("vmlinuz-")
    image = place / "initrd"
    subprocess.run(
        ["unshare", "--mount", "sh", "-euc", OVER_THIS_SYSTEM, "sh", str(place), version],
        env={**os.environ, "KERNEL": str(INSTALLED / "kernel"), "MODULE": str(HERE)},
        check=True,
    )
    return image


OVER_THIS_SYSTEM = """
place=$1 version=$2
mount --make-rprivate /
mkdir -p "$place/over"
mount -t tmpfs tmpfs "$place/over"
mkdir "$place/over/upper" "$place/over/work" "$place/over/root"
cp -r "$place/merged/." "$place/over/upper"
root=$place/over/root
layers=lowerdir=/,upperdir=$place/over/upper,workdir=$place/over/work
mount -t overlay overlay -o "$layers" "$root"
for one in dev proc sys; do mount --rbind "/$one" "$root/$one"; done
mkdir -p "$root/lib/modules" "$root/out"
cp -r "$KERNEL/lib/modules/$version" "$root/lib/modules/"
depmod -b "$root" "$version"
module=$root/usr/lib/dracut/modules.d/95nixie
mkdir -p "$module"
cp "$MODULE/module-setup.sh" "$module"
cp -r "$place/units" "$module"
parts="systemd systemd-initrd systemd-journald systemd-udevd systemd-modules-load udev-rules nixie"
chroot "$root" dracut --quiet --no-hostonly --no-early-microcode --zstd --force \
  --kver "$version" --modules "$parts" --filesystems "squashfs overlay" /out/initrd
cp "$root/out/initrd" "$place/initrd"
"""


def merged(place: Path) -> None:
    """The unpacked packages with /usr as this system has it."""
    for folder in FILES:
        source = DRACUT / folder
        target = place / "merged/usr" / ("" if folder == "usr" else folder)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def evaluated(place: Path) -> Mapping[str, Mapping[str, Any]]:
    """Our two services of the first stage, as the sample's module system merges them."""
    merged(place)
    tree = place / "sample"
    sources(tree)
    for name in ("busybox/busybox", "squashfs/mksquashfs", "kernel/version"):
        (tree / "parts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / "parts" / name).touch()
    expression = f"""
      let
        host = (import {tree}/flake.nix).outputs {{ self = {{ }}; }};
        thin = {{ modules = [ {tree}/nixie/thin.nix ]; }};
        made = host.nixosConfigurations.anvil.extendModules thin;
        services = made.config.boot.initrd.systemd.services;
        plain = service: {{
          inherit (service) description requiredBy script serviceConfig unitConfig;
        }};
      in builtins.mapAttrs (_: plain) {{ inherit (services) {" ".join(OURS)}; }}"""
    done = subprocess.run(
        [
            NIX, "--extra-experimental-features", "nix-command", "eval", "--impure", "--json",
            "--store", place / "store", "--option", "build-users-group", "",
            "--option", "substituters", "", "--expr", expression,
        ],
        env={"HOME": str(place), "NIX_CONF_DIR": str(place), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: Mapping[str, Mapping[str, Any]] = json.loads(done.stdout)
    return told


def written(units: Path, name: str, unit: Mapping[str, Any]) -> None:
    """A service as nixpkgs writes it: sections, a script beside it, and who requires it."""
    script = units / f"{name}.sh"
    script.write_text(f"#!/usr/bin/bash\nset -e\n{unit['script']}")
    script.chmod(0o755)
    heads: Sequence[tuple[str, Mapping[str, Any]]] = (
        ("Unit", {"Description": unit["description"], **unit["unitConfig"]}),
        (
            "Service",
            {**unit["serviceConfig"], "ExecStart": f"/usr/lib/systemd/system/{script.name}"},
        ),
    )
    text = "".join(
        f"[{head}]\n" + "".join(f"{key}={_said(value)}\n" for key, value in settings.items())
        for head, settings in heads
    )
    (units / f"{name}.service").write_text(text)
    for one in unit["requiredBy"]:
        linked(units, f"{name}.service", f"{one}.requires")


def linked(units: Path, name: str, folder: str) -> None:
    (units / folder).mkdir(exist_ok=True)
    (units / folder / name).symlink_to(f"../{name}")


def payload(place: Path) -> Path:
    """The store: busybox, an init, and enough else to have a middle."""
    tree, image = place / "payload", place / "store.squashfs"
    (tree / "busybox").mkdir(parents=True)
    (tree / "system").mkdir()
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, tree / "busybox/busybox")
    for applet in APPLETS:
        (tree / "busybox" / applet).symlink_to("busybox")
    shutil.copy(HERE / "init", tree / "system/init")
    (tree / "system/init").chmod(0o755)
    (tree / "ballast").write_bytes(os.urandom(64 << 20))
    words = ("mksquashfs", str(tree), str(image), "-no-progress", "-quiet", "-comp", "zstd")
    subprocess.run(words, check=True)
    return image


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
