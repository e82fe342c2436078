"""Why an image did not get through: too large for the machine, or its first stage was stuck.

Part of the rules in `diagnosis`: a boot's record in, the id of a cause and its proof out, or None.
"""

from collections.abc import Mapping

from appliance.boot_record import BootRecord

STORE = "store"  # the part that a first stage fetches; what it reports is called so, too
QUIET_SECONDS = 120.0
REPORTED: Mapping[str, str] = {"wrong-hash": "store-wrong-hash", "no-memory": "ram-too-small"}
LOADING = frozenset({"kernel", "initrd", "boot"})

NO_MEMORY = (0x31, 0x34)  # iPXE's ENOMEM and ENOSPC, in the first byte of its error number
BY_FIRMWARE, OUT_OF_RESOURCES = 0x7F, 9  # an EFI_STATUS stands in the lowest seven bits

Found = tuple[str, tuple[str, ...]]
DOUBTED = frozenset(
    {"ram-too-small", "store-not-fetched", "download-aborted", "script-failed"}
    | {"kernel-no-sign-of-life"}
)
"""Causes that a doubt about the image's fit explains."""


def reported(record: BootRecord) -> Found | None:
    """The first stage's own last word, when it fetched nothing after it."""
    said = next((one for one in reversed(record.of("report")) if one.name == STORE), None)
    if said is None or any(one.began_at > said.began_at for one in record.of("part")):
        return None
    why = str(said.detail.get("errno") or "unknown")
    return REPORTED.get(why, "store-failed"), (f"Its first stage reports: {why}.",)


def not_fetched(record: BootRecord) -> Found | None:
    """Firmware and loader did their part, and the first stage never asked for the store."""
    if not record.boot.facts.get("store") or not record.parts_sent:
        return None
    if not record.waited(QUIET_SECONDS) or any(_is_store(one.name) for one in record.of("part")):
        return None
    card = record.boot.facts.get("bus_id")
    quiet = f"Nothing was heard for {record.silent_seconds:.0f} s after kernel and ramdisk."
    return "store-not-fetched", (quiet, *([f"Its network card is {card}."] if card else ()))


def too_large(record: BootRecord) -> Found | None:
    """The loader ran out of memory."""
    said = next(reversed(record.of("report")), None)
    if said is None or said.name not in LOADING or not _out_of_memory(said.detail.get("errno")):
        return None
    why = said.detail.get("errno")
    return "ram-too-small", (f"It reports that {said.name} failed with error {why}.",)


def doubts(ident: str, record: BootRecord) -> tuple[tuple[str, ...], str]:
    """What was doubtful about the fit when the image was given out, and the line that would mend
    it; nothing where it does not explain the cause `ident`."""
    told = record.boot.facts.get("doubts", ()) if ident in DOUBTED else ()
    lines = [str(one["missing"]) for one in told if one.get("missing")]
    return tuple(str(one["what"]) for one in told), next(iter(lines), "")


def _is_store(name: str) -> bool:
    return name.partition(".")[0] == STORE


def _out_of_memory(errno: object) -> bool:
    """iPXE's error number, as `${errno}` prints it.

    >>> _out_of_memory("0x7f048289"), _out_of_memory("0x3418208b"), _out_of_memory("0x7f04818f")
    (True, True, False)
    """
    try:
        number = int(str(errno), 16)
    except ValueError:
        return False
    first, status = number >> 24, number & 0x7F
    return first in NO_MEMORY or (first == BY_FIRMWARE and status == OUT_OF_RESOURCES)
