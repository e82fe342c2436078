from pathlib import Path

from services.lab.driver import uefi


def made(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_qemus_own_uefi_firmware_is_found_below_its_prefix(tmp_path: Path) -> None:
    share = tmp_path / "share/qemu"
    own = (share / "edk2-x86_64-code.fd", share / "edk2-i386-vars.fd")
    made(*own)
    assert uefi(tmp_path / "bin/qemu-system-x86_64", ()) == own


def test_the_distributions_uefi_firmware_comes_first(tmp_path: Path) -> None:
    share = tmp_path / "share/qemu"
    theirs = (tmp_path / "code.fd", tmp_path / "vars.fd")
    made(*theirs, share / "edk2-x86_64-code.fd", share / "edk2-i386-vars.fd")
    places = [(str(theirs[0]), str(theirs[1]))]
    assert uefi(tmp_path / "bin/qemu-system-x86_64", places) == theirs


def test_code_without_its_variable_store_is_no_firmware(tmp_path: Path) -> None:
    made(tmp_path / "share/qemu/edk2-x86_64-code.fd")
    assert uefi(tmp_path / "bin/qemu-system-x86_64", ()) is None
