"""Which systems a machine's firmware can start.

Firmware says what it is by option 93 ("pxe-x64"); an iPXE of its own only says what it was built
for, of which ARM is certain: a build for 32-bit x86 runs on 64-bit processors too.
"""

from collections.abc import Mapping

_X86 = frozenset({"x86_64-linux", "i686-linux"})
_ARM = frozenset({"aarch64-linux"})
_RUNS: Mapping[str, frozenset[str]] = {
    "bios": _X86,
    "x64": _X86,
    "ia32": frozenset({"i686-linux"}),
    "arm64": _ARM,
    "rpi": _ARM,
}
_BUILDS: Mapping[str, frozenset[str]] = {"i386": _X86, "x86_64": _X86, "arm64": _ARM}
"""By iPXE's ${buildarch}."""


def fits(firmware: str, system: str | None, build: str = "") -> bool:
    """Can this firmware start a kernel of that system?  Unknown on either side: yes.

    >>> fits("pxe-x64", "aarch64-linux"), fits("http-arm64", "aarch64-linux"), fits("", None)
    (False, True, True)
    >>> fits("script", "aarch64-linux", "x86_64"), fits("script", "aarch64-linux")
    (False, True)
    """
    runs = _RUNS.get(firmware.rpartition("-")[2]) or _BUILDS.get(build)
    return runs is None or system is None or system in runs
