"""The sample put together from made-up kernels and real and made-up programs."""

import lzma
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.errors import Refused
from services.lab.sample.assemble import MODULES, UNWINDER, assemble
from tests.services.lab.sample.test_programs import LOAD, program

STATIC = program((LOAD, b"code"))
BUILT_IN = "virtio_pci"


def compressed(how: str, content: bytes) -> bytes:
    if how == ".ko.xz":
        return lzma.compress(content, check=lzma.CHECK_CRC32)  # as the kernel's build does
    if how == ".ko.zst":
        return subprocess.run(
            ["zstd", "-qc"], input=content, capture_output=True, check=True
        ).stdout
    return content


def module(name: str) -> bytes:
    below = "virtio_ring" if name == "virtio_net" else ""
    return f"\0license=GPL\0name={name}\0depends={below}\0".encode()


def kernel(root: Path, how: str) -> Path:
    """An unpacked kernel whose modules are compressed in that way; one of them is built in."""
    folder = root / "lib/modules/6.1.0-1"
    folder.mkdir(parents=True)
    (root / "boot").mkdir()
    (root / "boot/vmlinuz-6.1.0-1").write_bytes(b"kernel")
    (folder / "modules.builtin").write_text(f"kernel/drivers/virtio/{BUILT_IN}.ko\n")
    for name in {*MODULES, "virtio_ring"} - {BUILT_IN}:
        (folder / f"{name.replace('_', '-')}{how}").write_bytes(compressed(how, module(name)))
    return root


def programs(root: Path, mksquashfs: bytes = STATIC, busybox: bytes = STATIC) -> Path:
    for name, content in (("bin/busybox", busybox), ("usr/bin/mksquashfs", mksquashfs)):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(content)
    return root


@pytest.mark.parametrize("how", [".ko", ".ko.xz", ".ko.zst"])
def test_modules_lie_uncompressed_in_the_sample(how: str, tmp_path: Path) -> None:
    assemble(tmp_path / "sample", kernel(tmp_path / "k", how), programs(tmp_path / "p"))
    there = tmp_path / "sample/parts/kernel/modules"
    assert {path.stem for path in there.glob("*.ko")} == {*MODULES, "virtio_ring"} - {BUILT_IN}
    assert (there / "virtio_net.ko").read_bytes() == module("virtio_net")
    assert "virtio_net.ko: virtio_ring.ko\n" in (there / "modules.dep").read_text()


def test_a_static_mksquashfs_comes_alone(tmp_path: Path) -> None:
    assemble(tmp_path / "sample", kernel(tmp_path / "k", ".ko"), programs(tmp_path / "p"))
    there = tmp_path / "sample/parts/squashfs"
    assert [path.name for path in there.iterdir()] == ["mksquashfs"]


def test_a_linked_mksquashfs_starts_with_the_loader_that_came_with_it(tmp_path: Path) -> None:
    root = programs(tmp_path / "p", Path(shutil.which("cat") or "").read_bytes())
    (root / "usr/bin/mksquashfs").chmod(0o755)
    (root / UNWINDER[-1]).parent.mkdir(parents=True, exist_ok=True)
    (root / UNWINDER[-1]).write_bytes(b"unwinds")
    assemble(tmp_path / "sample", kernel(tmp_path / "k", ".ko"), root)
    there = tmp_path / "sample/parts/squashfs"
    program = [there / "ld.so", "--library-path", there / "lib", there / "mksquashfs"]
    done = subprocess.run(
        [*map(str, program), "--version"], capture_output=True, text=True, check=False
    )
    assert "cat" in done.stdout, done.stderr
    assert (there / "lib/libgcc_s.so.1").read_bytes() == b"unwinds"


def test_the_same_parts_make_the_same_commit(tmp_path: Path) -> None:
    parts = kernel(tmp_path / "k", ".ko"), programs(tmp_path / "p")
    assert assemble(tmp_path / "one", *parts) == assemble(tmp_path / "two", *parts)


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    root = kernel(tmp_path / "k", ".ko")
    (root / "lib/modules/6.1.0-1/squashfs.ko").unlink()
    with pytest.raises(Refused, match=r"squashfs\.ko; Debian's package linux-image"):
        assemble(tmp_path / "sample", root, programs(tmp_path / "p"))


def test_a_busybox_that_needs_libraries_is_refused(tmp_path: Path) -> None:
    root = programs(tmp_path / "p", busybox=Path(shutil.which("cat") or "").read_bytes())
    with pytest.raises(Refused, match="static busybox"):
        assemble(tmp_path / "sample", kernel(tmp_path / "k", ".ko"), root)


def test_a_module_that_cannot_be_unpacked_is_refused_in_its_programs_words(tmp_path: Path) -> None:
    root = kernel(tmp_path / "k", ".ko.zst")
    (root / "lib/modules/6.1.0-1/squashfs.ko.zst").write_bytes(b"no zstd")
    with pytest.raises(Refused, match="zstd -dcq"):
        assemble(tmp_path / "sample", root, programs(tmp_path / "p"))


def test_a_host_without_openssl_is_put_together_without(tmp_path: Path) -> None:
    assemble(tmp_path / "sample", kernel(tmp_path / "k", ".ko"), programs(tmp_path / "p"))
    assert not (tmp_path / "sample/parts/openssl").exists()


def test_what_makes_and_seals_a_key_comes_with_its_libraries(tmp_path: Path) -> None:
    root, tpm = programs(tmp_path / "p"), tmp_path / "tpm"
    linked = Path(shutil.which("cat") or "").read_bytes()
    for name in ("usr/bin/openssl", "usr/bin/systemd-creds"):
        (root / name).write_bytes(linked)
        (root / name).chmod(0o755)
    library = next(Path("/").glob("lib/*/libm.so.6")).read_bytes()
    (tpm / "usr/lib/here").mkdir(parents=True)
    (tpm / "usr/lib/here/libtss2-esys.so.0").write_bytes(library)
    assemble(tmp_path / "sample", kernel(tmp_path / "k", ".ko"), root, tpm)
    parts = tmp_path / "sample/parts"
    assert (parts / "openssl/ld.so").is_file()
    there = {path.name for path in (parts / "systemd-creds/lib").iterdir()}
    assert {"libtss2-esys.so.0", "libc.so.6"} <= there
