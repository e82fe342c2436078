from pathlib import Path

import pytest

from services.netboot.probe import age, installed, recipe_of


def efi(machine: int, *, autoexec: bool = False) -> bytes:
    """The least a PE program is: its header, and perhaps the name it looks for."""
    head = b"MZ" + bytes(0x3A) + (0x40).to_bytes(4, "little")
    tail = "autoexec.ipxe".encode("utf-16-le") if autoexec else b""
    return head + b"PE\0\0" + machine.to_bytes(2, "little") + bytes(64) + tail


def package(folder: Path, name: str, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        place = folder / name / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def test_the_newest_package_wins(tmp_path: Path) -> None:
    for version in ("1.21.1+git20250501-1", "1.0.0+git-20190125.36a4c85-5.1"):
        package(tmp_path, version, {"undionly.kpxe": version.encode()})
    found = installed(tmp_path)
    assert found.files["bios/undionly.kpxe"].read_bytes().startswith(b"1.21.1")


def test_an_older_package_still_gives_what_the_newer_lacks(tmp_path: Path) -> None:
    package(tmp_path, "1.0", {"undionly.kpxe": b"old", "ipxe.efi": efi(0x14C)})
    package(tmp_path, "2.0", {"undionly.kpxe": b"new"})
    assert installed(tmp_path).loaders.files["ia32"] == ("ipxe.efi",)


def test_a_loader_is_filed_by_what_its_header_says(tmp_path: Path) -> None:
    package(
        tmp_path,
        "2.0",
        {
            "ipxe.efi": efi(0x8664),
            "ipxe-arm64.efi": efi(0xAA64),
            "i386/snponly.efi": efi(0x14C),
            "ipxe-riscv64.efi": efi(0x5064),
            "ipxe-mips.efi": efi(0x0166),
            "ipxe-shimx64.efi": efi(0x8664),
            "ipxe.lkrn": b"x",
        },
    )
    assert sorted(installed(tmp_path).files) == [
        "arm64/ipxe.efi",
        "ia32/snponly.efi",
        "riscv64/ipxe.efi",
        "x64/ipxe.efi",
    ]


def test_a_loader_that_reads_autoexec_stands_first(tmp_path: Path) -> None:
    package(
        tmp_path,
        "2.0",
        {"snponly.efi": efi(0x8664), "ipxe.efi": efi(0x8664, autoexec=True)},
    )
    found = installed(tmp_path)
    assert found.loaders.files["x64"] == ("ipxe.efi", "snponly.efi")
    assert found.autoexec == {"x64/ipxe.efi"}


def test_of_equals_the_one_with_the_cards_own_driver_stands_first(tmp_path: Path) -> None:
    package(tmp_path, "2.0", {"snponly.efi": efi(0x8664), "ipxe.efi": efi(0x8664)})
    assert installed(tmp_path).loaders.files["x64"] == ("snponly.efi", "ipxe.efi")


def test_a_missing_loader_is_a_sentence_with_a_way_out(tmp_path: Path) -> None:
    found = installed(tmp_path / "nowhere")
    assert len(found.missing) == 4
    assert "64-bit ARM" in found.missing[3]
    assert "Run the set-up again" in found.missing[3]


def test_a_loader_that_no_package_has_is_the_owners_to_build(tmp_path: Path) -> None:
    (told,) = (one for one in installed(tmp_path).missing if "32-bit UEFI" in one)
    assert "set-up" not in told
    assert "bin-i386-efi/ipxe.efi" in told
    assert str(tmp_path / "own") in told


def test_what_the_owner_built_is_served(tmp_path: Path) -> None:
    package(tmp_path, "own", {"ipxe.efi": efi(0x14C)})
    package(tmp_path, "2.0", {"ipxe.efi": efi(0x8664)})
    found = installed(tmp_path)
    assert found.files["ia32/ipxe.efi"] == tmp_path / "own" / "ipxe.efi"
    assert not any("32-bit" in one for one in found.missing)


@pytest.mark.parametrize("head", [b"", b"MZ", b"\x7fELF", b"MZ" + b"\xff" * 200])
def test_what_is_no_efi_program_has_no_recipe(head: bytes) -> None:
    assert recipe_of(head) is None


def test_versions_sort_by_their_numbers() -> None:
    assert age("1.9") < age("1.10")
