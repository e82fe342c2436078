"""Puts the sample flake together: our Nix files beside a kernel, busybox and mksquashfs.

The result is a Git repository with one commit.  The same inputs give the same commit id: names,
dates and file modes are fixed.

    python -m services.lab.sample.assemble DESTINATION KERNEL_ROOT [PROGRAMS_ROOT]
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from appliance.errors import Problem, Refused
from services.lab.sample.modules import UnknownModule, closure, dependencies, index

HERE = Path(__file__).parent
ADAPTER = HERE.parent.parent / "nix" / "adapter"

# What set-up downloads and unpacks; the kernel's own package is what the first one depends on.
PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "squashfs-tools")

# Drivers of the network cards and disks that QEMU makes, and what a store in memory needs.
MODULES = (
    "virtio_net",
    "vmxnet3",
    "virtio_pci",
    "virtio_blk",
    "virtio_rng",
    "loop",
    "squashfs",
    "overlay",
)
UNWINDER = ("lib/x86_64-linux-gnu/libgcc_s.so.1", "usr/lib/x86_64-linux-gnu/libgcc_s.so.1")
OURS = ("flake.nix", "elsewhere", "hosts", "lib", "nixos", "pkgs")
WHEN = "2026-01-01T00:00:00+00:00"


def assemble(destination: Path, kernel_root: Path, programs_root: Path = Path("/")) -> str:
    """Fill `destination` (replaced when it is there) and return the id of its commit.

    `kernel_root` is where a Debian kernel package was unpacked (it has `boot/vmlinuz-*` and
    `lib/modules/*`); the newest kernel there is taken.  `programs_root` has `bin/busybox` (static)
    and `usr/bin/mksquashfs` with its libraries.  Raises `Refused` naming the missing file.
    """
    fresh = destination.with_name(f".{destination.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    sources(fresh)
    _kernel(kernel_root, fresh / "parts" / "kernel")
    _busybox(programs_root, fresh / "parts" / "busybox")
    _squashfs(programs_root, fresh / "parts" / "squashfs")
    commit = _commit(fresh)
    shutil.rmtree(destination, ignore_errors=True)
    fresh.rename(destination)
    return commit


def sources(destination: Path) -> None:
    """Write our own files of the flake: all that evaluation needs but `parts`."""
    for name in OURS:
        _copy(HERE / name, destination / name)
    _copy(ADAPTER, destination / "nixie")


def _copy(source: Path, target: Path) -> None:
    """Copy file or folder, Nix and shell files only, readable by everyone."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for child in sorted(source.iterdir()):
            if child.is_dir() or child.suffix in (".nix", ".sh"):
                _copy(child, target / child.name)
        return
    _put(target, source.read_bytes())


def _put(target: Path, content: bytes, *, runs: bool = False) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o755 if runs else 0o644)


def _kernel(root: Path, target: Path) -> None:
    images = sorted(root.glob("boot/vmlinuz-*"), key=lambda path: _numbers(path.name))
    if not images:
        raise _missing(root / "boot" / "vmlinuz-*", PACKAGES[0])
    version = images[-1].name.removeprefix("vmlinuz-")
    modules = next(
        (
            path
            for path in (root / "lib/modules" / version, root / "usr/lib/modules" / version)
            if path.is_dir()
        ),
        None,
    )
    if modules is None:
        raise _missing(root / "lib/modules" / version, PACKAGES[0])
    files = {path.stem.replace("-", "_"): path for path in modules.rglob("*.ko")}
    known = {name: dependencies(path.read_bytes()) for name, path in files.items()}
    try:
        wanted = closure(MODULES, known)
    except UnknownModule as unknown:
        raise _missing(modules / f"{unknown.name}.ko", PACKAGES[0]) from None
    contents = {name: files[name].read_bytes() for name in wanted}
    _put(target / "bzImage", images[-1].read_bytes())
    _put(target / "version", f"{version}\n".encode())
    for name, content in contents.items():
        _put(target / "modules" / f"{name}.ko", content)
    for name, text in index(contents).items():
        _put(target / "modules" / name, text.encode())


def _busybox(root: Path, target: Path) -> None:
    program = _first(root, ("bin/busybox", "usr/bin/busybox"), PACKAGES[1])
    _put(target / "busybox", program.read_bytes(), runs=True)


def _squashfs(root: Path, target: Path) -> None:
    """Copy mksquashfs, its loader and its libraries, found by asking the loader itself."""
    program = _first(root, ("usr/bin/mksquashfs",), PACKAGES[2])
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    _put(target / "mksquashfs", program.read_bytes(), runs=True)
    for found in re.findall(r"(?:=> |^\s*)(/\S+) \(0x", said, re.MULTILINE):
        library = Path(found)
        if library.name.startswith("ld-linux"):
            _put(target / "ld.so", library.read_bytes(), runs=True)
        else:
            _put(target / "lib" / library.name, library.read_bytes())
    # Threads that end load this by name, so ldd does not see it.
    unwinder = _first(root, UNWINDER, PACKAGES[2])
    _put(target / "lib" / unwinder.name, unwinder.read_bytes())


def _commit(tree: Path) -> str:
    """Make the tree a repository of one commit and return its id."""
    who = {"NAME": "Nixie", "EMAIL": "lab@nixie.invalid", "DATE": WHEN}
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(tree),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in who.items()
        },
    }

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", tree, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    git("-c", "init.defaultBranch=main", "init", "--quiet", "--template=")
    git("add", "--all")
    git("commit", "--quiet", "--no-gpg-sign", "--message", "The lab's hosts")
    return git("rev-parse", "HEAD")


def _first(root: Path, names: Iterable[str], package: str) -> Path:
    for name in names:
        if (root / name).is_file():
            return root / name
    raise _missing(root / next(iter(names)), package)


def _missing(path: Path, package: str) -> Refused:
    what = f"The sample flake needs {path}; the package {package} has it."
    return Refused(Problem(("lab", "sample"), what))


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


if __name__ == "__main__":
    print(assemble(*map(Path, sys.argv[1:])))
