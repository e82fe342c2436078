"""What starts where."""

import pytest

from appliance.model.processors import fits


@pytest.mark.parametrize(
    ("firmware", "build", "system", "expected"),
    [
        ("pxe-x64", "", "x86_64-linux", True),
        ("pxe-bios", "", "i686-linux", True),
        ("pxe-ia32", "", "x86_64-linux", False),
        ("http-arm64", "", "aarch64-linux", True),
        ("uboot-arm64", "", "aarch64-linux", True),
        ("uboot-arm64", "", "x86_64-linux", False),
        ("http-arm64", "", "x86_64-linux", False),
        ("rpi", "", "x86_64-linux", False),
        ("script", "arm64", "x86_64-linux", False),
        ("script", "i386", "x86_64-linux", True),
        ("script", "i386", "aarch64-linux", False),
        ("script", "", "aarch64-linux", True),
        ("pxe-riscv64", "", "aarch64-linux", True),
        ("pxe-x64", "", None, True),
    ],
)
def test_what_is_known_on_both_sides_decides(
    firmware: str, build: str, system: str | None, expected: bool
) -> None:
    assert fits(firmware, system, build) is expected
