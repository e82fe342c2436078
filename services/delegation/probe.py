"""The door to what was found out about IPv6: the kernel's ability, and dhcpcd's report."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from appliance.model.facts import NOTHING_FOUND, Facts
from services.delegation.report import delegation

KERNEL = Path("/proc/sys/net/ipv6")
BOOT = Path("/proc/sys/kernel/random/boot_id")
INTERVAL_SECONDS = 0.25


def facts(report: Path, able: Facts = NOTHING_FOUND) -> Facts:
    """What is known right now, beside what the kernel is `able` to."""
    return replace(
        able,
        delegation=delegation(
            _text(report),
            boot=_text(BOOT).strip(),
            uptime=time.clock_gettime(time.CLOCK_BOOTTIME),
        ),
        ipv6=KERNEL.exists(),
    )


async def reports(report: Path) -> AsyncIterator[None]:
    """Yield whenever another report was put down, or the last one taken away."""
    before = _text(report)
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        if (fresh := _text(report)) != before:
            before = fresh
            yield


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
