"""Puts the sample flake together: our Nix files beside a kernel, busybox and mksquashfs.

The result is a Git repository with one commit.  The same inputs give the same commit id: names,
dates and file modes are fixed.

    python -m services.lab.sample.assemble DESTINATION KERNEL_ROOT [PROGRAMS_ROOT [TPM_ROOT]]
"""

import lzma
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from appliance.errors import Problem, Refused
from services.lab.sample.modules import UnknownModule, closure, dependencies, index
from services.lab.sample.programs import interpreter

HERE = Path(__file__).parent
ADAPTER = HERE.parent.parent / "nix" / "adapter"

# What set-up downloads and unpacks; the kernel's own package is what the first one depends on.
PACKAGES = ("linux-image-cloud-amd64", "busybox-static", "squashfs-tools")

# Drivers of the network cards and disks that QEMU makes, what a store in memory needs, and what
# a machine's own key lies on.
MODULES = (
    "virtio_net",
    "vmxnet3",
    "virtio_pci",
    "virtio_blk",
    "virtio_rng",
    "loop",
    "squashfs",
    "overlay",
    "ext4",
)
COMPRESSED = (".ko", ".ko.xz", ".ko.zst")  # what a kernel's build makes of its modules
UNWINDER = (
    "lib/x86_64-linux-gnu/libgcc_s.so.1",
    "usr/lib/x86_64-linux-gnu/libgcc_s.so.1",
    "lib/libgcc_s.so.1",
)
OURS = ("flake.nix", "elsewhere", "hosts", "lib", "nixos", "pkgs")
WHEN = "2026-01-01T00:00:00+00:00"


def assemble(
    destination: Path,
    kernel_root: Path,
    programs_root: Path = Path("/"),
    tpm_root: Path | None = None,
) -> str:
    """Fill `destination` (replaced when it is there) and return the id of its commit.

    `kernel_root` is where a Debian kernel package was unpacked (it has `boot/vmlinuz-*` and
    `lib/modules/*`); the newest kernel there is taken.  `programs_root` has `bin/busybox` (static)
    and `usr/bin/mksquashfs`, static or with its libraries; with `usr/bin/openssl` the hosts can
    have an SSH host key, and with `tpm_root`, where Debian's packages libtss2-* were unpacked, seal
    it by a TPM.  Raises `Refused` naming what is missing.
    """
    fresh = destination.with_name(f".{destination.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    sources(fresh)
    _kernel(kernel_root, fresh / "parts" / "kernel")
    _busybox(programs_root, fresh / "parts" / "busybox")
    _squashfs(programs_root, fresh / "parts" / "squashfs")
    _identity(programs_root, tpm_root, fresh / "parts")
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
    contents = _modules(modules)
    _put(target / "bzImage", images[-1].read_bytes())
    _put(target / "version", f"{version}\n".encode())
    for name, content in contents.items():
        _put(target / "modules" / f"{name}.ko", content)
    for name, text in index(contents).items():
        _put(target / "modules" / name, text.encode())


def _modules(folder: Path) -> Mapping[str, bytes]:
    """What our list needs of a kernel's modules, uncompressed; what is built in needs no file."""
    files = {
        _module(path): path for path in folder.rglob("*.ko*") if path.name.endswith(COMPRESSED)
    }
    table = folder / "modules.builtin"
    lines = table.read_text().split() if table.is_file() else []
    built_in = {_module(Path(line)) for line in lines}
    contents: dict[str, bytes] = {}

    def below(name: str) -> tuple[str, ...] | None:
        if name not in files:
            return () if name in built_in else None
        contents[name] = _uncompressed(files[name])
        return dependencies(contents[name])

    try:
        closure(MODULES, below)
    except UnknownModule as unknown:
        raise _missing(folder / f"{unknown.name}.ko", PACKAGES[0]) from None
    return contents


def _module(path: Path) -> str:
    """A module's name as the kernel says it.

    >>> _module(Path("kernel/drivers/virtio-rng.ko.xz"))
    'virtio_rng'
    """
    return path.name.partition(".")[0].replace("-", "_")


def _uncompressed(path: Path) -> bytes:
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return _said("zstd", "-dcq", str(path))
    return path.read_bytes()


def _busybox(root: Path, target: Path) -> None:
    program = _first(root, ("bin/busybox", "usr/bin/busybox"), PACKAGES[1])
    if _interpreter(program) is not None:
        what = f"The sample flake needs a static busybox, and {program} is not one."
        raise Refused(Problem(("lab", "sample"), what))
    _put(target / "busybox", program.read_bytes(), runs=True)


def _squashfs(root: Path, target: Path) -> None:
    """Copy mksquashfs, with its libraries unless it is static."""
    program = _first(root, ("usr/bin/mksquashfs",), PACKAGES[2])
    if _with_libraries(program, target):
        # Threads that end load this by name, so ldd does not see it.
        unwinder = _first(root, UNWINDER, PACKAGES[2])
        _put(target / "lib" / unwinder.name, unwinder.read_bytes())


def _identity(root: Path, tpm_root: Path | None, target: Path) -> None:
    """What makes a host's key, and what seals it; each may be missing."""
    openssl, creds = root / "usr/bin/openssl", root / "usr/bin/systemd-creds"
    if openssl.is_file():
        _with_libraries(openssl, target / "openssl")
    if tpm_root is None or not creds.is_file():
        return
    _with_libraries(creds, target / "systemd-creds")
    loader = target / "systemd-creds/ld.so"
    for library in sorted(tpm_root.glob("usr/lib/*/libtss2-*.so.[0-9]")):  # loaded by name
        _put(target / "systemd-creds/lib" / library.name, library.read_bytes())
        _libraries(loader, library, target / "systemd-creds")


def _with_libraries(program: Path, target: Path) -> bool:
    """Copy a program; unless it is static, its loader and what that says are its libraries."""
    _put(target / program.name, program.read_bytes(), runs=True)
    loader = _interpreter(program)
    if loader is None:
        return False
    _put(target / "ld.so", Path(loader).read_bytes(), runs=True)
    _libraries(Path(loader), program, target)
    return True


def _libraries(loader: Path, program: Path, target: Path) -> None:
    said = _said(str(loader), "--library-path", str(program.parent), "--list", str(program))
    for found in re.findall(r"=> (/\S+) \(0x", said.decode()):
        library = Path(found)
        if not library.name.startswith("ld-"):
            _put(target / "lib" / library.name, library.read_bytes())


def _commit(tree: Path) -> str:
    """Make the tree a repository of one commit and return its id."""
    who = {"NAME": "Nixie", "EMAIL": "lab@nixie.invalid", "DATE": WHEN}
    environment = {
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
        return _said("git", "-C", str(tree), *arguments, environment=environment).decode().strip()

    git("-c", "init.defaultBranch=main", "init", "--quiet", "--template=")
    git("add", "--all")
    git("commit", "--quiet", "--no-gpg-sign", "--message", "The lab's hosts")
    return git("rev-parse", "HEAD")


def _said(program: str, *words: str, environment: Mapping[str, str] | None = None) -> bytes:
    """What another program prints.  Raises Refused with its own last words."""
    found = shutil.which(program)
    if found is None:
        what = (
            f"The sample flake is put together with {program}; Debian's package {program} has it."
        )
        raise Refused(Problem(("lab", "sample"), what))
    done = subprocess.run([found, *words], env=environment, capture_output=True, check=False)
    if done.returncode:
        what = f"{program} {' '.join(words)} failed: {done.stderr.decode(errors='replace').strip()}"
        raise Refused(Problem(("lab", "sample"), what))
    return done.stdout


def _interpreter(program: Path) -> str | None:
    """The loader that a program asks for, None when it is static.  Raises Refused."""
    try:
        return interpreter(program.read_bytes())
    except ValueError as error:
        what = f"The sample flake cannot use {program}: {error}."
        raise Refused(Problem(("lab", "sample"), what)) from error


def _first(root: Path, names: Iterable[str], package: str) -> Path:
    for name in names:
        if (root / name).is_file():
            return root / name
    raise _missing(root / next(iter(names)), package)


def _missing(path: Path, package: str) -> Refused:
    what = f"The sample flake needs {path}; Debian's package {package} has it."
    return Refused(Problem(("lab", "sample"), what))


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


if __name__ == "__main__":
    print(assemble(*map(Path, sys.argv[1:])))
