"""What a machine prints on its serial line, as plain lines, and how far it got.

Firmware paints screens: it moves the cursor (ECMA-48 CSI H), colours and clears.  A cursor that
moves to a position begins a new line here; everything else between ESC and its end is dropped.
"""

import codecs
import re
from collections.abc import Mapping
from enum import Enum

MOVED = re.compile(r"\x1b\[[0-9;]*[Hf]")
ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI … final byte
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC … BEL or ST
    r"|[()*+][0-9A-Za-z]"  # character sets
    r"|[ -/]*[0-~])"  # two-byte sequences
)
# An escape sequence that has begun and not ended yet; 64 characters of it are not one.
OPEN = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,64}|\][^\x07\x1b]{0,64}\x1b?|[ -/]{0,64})$")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST = 4000  # characters; a longer line is cut into pieces


class Milestone(Enum):
    """How far a machine came; the value says it in words."""

    FIRMWARE = "the firmware started"
    NETWORK_BOOT = "the firmware asks the network"
    LOADER = "iPXE started"
    KERNEL = "the kernel started"
    STAGE_1 = "the first stage started"
    STAGE_2 = "the second stage started"
    UP = "all units were started"
    TOLD = "it told the router that it is up"
    SHELL = "the firmware's own shell started"
    FAILED_BOOT = "nothing bootable was found"
    PANIC = "the kernel panicked"
    EMERGENCY = "it stopped in emergency mode"
    KVM_STOPPED = "the computer's KVM stopped it"


FAILURES = frozenset({Milestone.FAILED_BOOT, Milestone.PANIC, Milestone.EMERGENCY})

MARKS: Mapping[str, Milestone] = {
    r"^SeaBIOS \(": Milestone.FIRMWARE,
    r"BdsDxe: (?:loading|starting) Boot": Milestone.FIRMWARE,
    r">>Start (?:PXE|HTTP Boot) over": Milestone.NETWORK_BOOT,
    r"^Booting from ROM": Milestone.NETWORK_BOOT,
    r"^iPXE (?:initialising|[0-9]+\.[0-9])": Milestone.LOADER,
    r"Open Source Network Boot Firmware": Milestone.LOADER,
    r"Linux version [0-9]": Milestone.KERNEL,
    r"^EFI stub: |^Probing EDD ": Milestone.KERNEL,  # all that a quiet kernel says
    r"<<< stage 1 .*: started >>>": Milestone.STAGE_1,
    r"<<< [^:]+: stage 2 started >>>": Milestone.STAGE_2,
    r"<<< [^:]+: reached multi-user.target >>>": Milestone.UP,
    r"nixie-phone-home: the router knows": Milestone.TOLD,
    r"^UEFI Interactive Shell": Milestone.SHELL,
    r"No bootable device|BdsDxe: No bootable option": Milestone.FAILED_BOOT,
    r"Kernel panic - not syncing": Milestone.PANIC,
    r"you are in emergency mode": Milestone.EMERGENCY,
    r"^KVM internal error": Milestone.KVM_STOPPED,
}
COMPILED = tuple((re.compile(mark), milestone) for mark, milestone in MARKS.items())


def milestone(line: str) -> Milestone | None:
    """The milestone that a line stands for.

    >>> milestone("<<< stage 1 (systemd): started >>>")
    <Milestone.STAGE_1: 'the first stage started'>
    """
    return next((found for mark, found in COMPILED if mark.search(line)), None)


class Console:
    """Turns pieces of serial output into lines; empty lines are left out."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, piece: bytes) -> tuple[str, ...]:
        """Take what arrived; return the lines that it completed."""
        self._rest += self._decoder.decode(piece)
        unfinished = OPEN.search(self._rest)
        cut = unfinished.start() if unfinished else len(self._rest)
        text, tail = self._rest[:cut], self._rest[cut:]
        *complete, last = _split(text)
        if len(last) > LONGEST:
            complete.append(last)
            last = ""
        self._rest = last + tail
        return _plain(complete)

    def flush(self) -> tuple[str, ...]:
        """Return what is left as a line; for a prompt, or when the machine is gone."""
        rest, self._rest = self._rest, ""
        return _plain(_split(rest))


def _split(text: str) -> list[str]:
    """Lines of `text` without escape sequences, the last one perhaps unfinished.

    An ESC that began nothing goes too: what is kept is read again with what follows it.
    """
    text = ESCAPE.sub("", MOVED.sub("\n", text)).replace("\x1b", "")
    return re.split(r"[\r\n]+", text)


def _plain(lines: list[str]) -> tuple[str, ...]:
    cleaned = (UNPRINTABLE.sub("", line).rstrip() for line in lines)
    return tuple(line for line in cleaned if line.strip())
