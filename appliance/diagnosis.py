"""Why a boot fell short: rules over its record, first match wins.

Pure: the stored boot, its steps and the present time in; a named diagnosis with a sentence, a way
out and the proof out, or None when nothing is wrong (yet).  The boot role stores the id; the page
asks again for the words, which stand in `causes`.  The order of `RULES` is from the surest to the
vaguest; a boot that fell short always has one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from appliance import first_stage
from appliance.boot_record import BootRecord
from appliance.causes import CAUSES, PAGES, UNANSWERED
from appliance.model.health import unwell
from appliance.store.boots import BootRow, StepRow

QUIET_SECONDS = 120.0  # a kernel that says nothing for so long has a problem
FETCH_SECONDS = 15.0  # from the address to the first request for the loader
HANG_SECONDS = 60.0  # from the loader to its first sign; even the oldest one needs 20
RETURN_SECONDS = 180.0  # a firmware that is alive is back by then, IPv6 tried in between
LOOP_LOADS, LOOP_SECONDS = 3, 60.0
STALLED_RESENDS = 5
IGNORED_QUESTIONS = 3
SLOW_RATE = 1_000_000  # bytes a second: less than a tenth of a 100 Mbit link
SLOW_SECONDS = 10.0
FETCHES: Mapping[str, tuple[str, float]] = {
    "pxe": ("e18-no-tftp", FETCH_SECONDS),
    "http": ("httpboot-no-connect", 20.0),
    "script": ("script-not-fetched", 20.0),
}
"""By who asked: what it is when nothing is fetched, and after how many seconds."""

IA32_CODES = (6, 15)  # option 93


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One named cause.  `heading` is the cause, `way_out` what to do, `proof` what was seen; `page`
    is where in the admin to do it, "" when it is done elsewhere."""

    id: str
    heading: str
    way_out: str
    proof: tuple[str, ...] = ()
    page: str = ""


def diagnose(boot: BootRow, steps: Sequence[StepRow], now: float) -> Diagnosis | None:
    """The first rule that matches; None when none does."""
    record = BootRecord(boot, steps, now)
    if boot.state in ("up", "served", "local"):
        return None
    found = next((one for one in (rule(record) for rule in RULES) if one is not None), None)
    return found and _doubted(found, record)


def named(ident: str) -> str:
    """The heading that goes with a stored id when the steps are gone; the id when unknown."""
    return CAUSES[ident].heading if ident in CAUSES else ident


# ── DHCP ─────────────────────────────────────────────────────────────────────────────────────────


def _refused(record: BootRecord) -> Diagnosis | None:
    """DHCP's last word was no."""
    last = record.steps[-1] if record.steps else None
    if last is None or last.kind != "dhcp" or last.status != "refused":
        return None
    ident = UNANSWERED.get(str(last.detail.get("reason", "")), "unanswered")
    code = record.boot.facts.get("arch_code")
    named_code = ident in ("unknown-arch", "loader-missing") and code is not None
    seen = (f"It named architecture {code} in option 93.",) if named_code else ()
    why = _sentence(str(last.detail.get("why", "")))
    return _found(ident, why, *seen)


def _raspberry_pi(record: BootRecord) -> Diagnosis | None:
    if record.boot.firmware != "rpi" or record.loads or record.of("script"):
        return None
    asked = [step for step in record.of("loader") if step.status == "missing"]
    if asked:
        return _found("rpi-no-firmware", f"It asked for {asked[0].name}.")
    if not record.only_dhcp or not record.waited(FETCH_SECONDS):
        return None
    return _found("rpi-no-menu", *record.foreign("proxy", "binl"), *record.answers())


def _foreign_boot_server(record: BootRecord) -> Diagnosis | None:
    """Somebody else steers booting machines here, and this one fetched nothing from us."""
    if not record.only_dhcp or not record.waited(FETCH_SECONDS):
        return None
    for ident, kind in (("binl-opt60-without-43", "binl"), ("foreign-proxy", "proxy")):
        seen = record.foreign(kind)
        if seen:
            return _found(ident, *seen, *record.answers())
    return None


def _never_fetched(record: BootRecord) -> Diagnosis | None:
    acked = [step for step in record.of("dhcp") if step.name == "ACK" and step.detail.get("file")]
    if not acked or not record.only_dhcp:
        return None
    ident, patience = FETCHES.get(record.boot.firmware.partition("-")[0], FETCHES["pxe"])
    if not record.waited(patience):
        return None
    return _found(
        ident,
        f"It was told to fetch {acked[-1].detail['file']}.",
        "No request for a file came after that.",
    )


def _offer_ignored(record: BootRecord) -> Diagnosis | None:
    names = [step.name for step in record.of("dhcp")]
    asked = names.count("DISCOVER")
    if not record.only_dhcp or "OFFER" not in names or {"REQUEST", "ACK"} & set(names):
        return None
    if asked < IGNORED_QUESTIONS and not record.short:
        return None
    return _found("offer-ignored", f"It asked {_times(asked)}, and answered no offer.")


# ── the loader ───────────────────────────────────────────────────────────────────────────────────


def _not_found(record: BootRecord) -> Diagnosis | None:
    if record.of("script") or record.loads:
        return None
    missing = [step for step in record.of("loader") if step.status == "missing"]
    if not missing:
        return None
    return _found(
        "tftp-suffix-ff" if missing[-1].detail.get("stray") else "tftp-not-found",
        f"It asked for {missing[-1].name} and was told at once that there is none.",
    )


def _loader_broken(record: BootRecord) -> Diagnosis | None:
    """The loader went out in part, or only its size was asked for."""
    if record.of("script", "autoexec") or record.loads:
        return None
    for step in reversed(record.of("loader")):
        if step.status == "aborted":
            return _broken_off(step)
    probed = [step for step in record.of("loader") if step.detail.get("probe")]
    if not probed or not record.waited(FETCH_SECONDS):
        return None
    return _found("tftp-probe", f"It asked for the size of {probed[-1].name}, and no more.")


def _broken_off(step: StepRow) -> Diagnosis:
    resends = int(step.detail.get("resends", 0))
    arrived = f"{step.bytes or 0} of {step.total or 0} bytes arrived."
    if resends >= STALLED_RESENDS or step.detail.get("silent"):
        return _found("tftp-stalled", f"{step.name}: sent again {_times(resends)}, {arrived}")
    return _found("loader-aborted", f"{step.name}: {arrived}")


def _loop(record: BootRecord) -> Diagnosis | None:
    loads = record.loads
    if record.of("script") or len(loads) < LOOP_LOADS:
        return None
    span = loads[-1].began_at - loads[-LOOP_LOADS].began_at
    if span > LOOP_SECONDS:
        return None
    proof = f"{loads[-1].name} was sent {len(loads)} times in {span:.0f} s and led to no script."
    return _found("ipxe-loop", proof)


def _loader_ran(record: BootRecord) -> Diagnosis | None:
    """Everything of the loader sent, and it gave a sign of life, but no script was asked for."""
    if record.of("script") or not record.waited(HANG_SECONDS):
        return None
    read = record.of("autoexec")
    if read:
        return _found("script-not-fetched", f"It fetched {read[-1].name}, and nothing after it.")
    loads = record.loads
    if loads and record.loader_asked_dhcp(loads[-1].began_at):
        return _found(
            "autoexec-missing",
            f"{loads[-1].name} was sent whole and acknowledged.",
            "The loader asked DHCP, and neither autoexec.ipxe nor the script after it.",
        )
    return None


def _u_boot(record: BootRecord) -> Diagnosis | None:
    """U-Boot had its script, which would have led it to its configuration."""
    if not record.boot.firmware.startswith("uboot") or record.of("script") or not record.loads:
        return None
    if not record.waited(FETCH_SECONDS):
        return None
    return _found("uboot-without-pxe", f"{record.loads[-1].name} was sent whole and acknowledged.")


def _loader_silent(record: BootRecord) -> Diagnosis | None:
    """Everything of the loader sent, nothing after it.  Only when the firmware came back tells
    that it lives; a hang and a boot from the disk look the same."""
    loads = record.loads
    if not loads or record.of("script", "autoexec") or not record.waited(HANG_SECONDS):
        return None
    sent = f"{loads[-1].name} was sent whole and acknowledged."
    silent = record.silent_seconds
    if not record.short or silent > RETURN_SECONDS:
        return _found("nbp-hang", sent, f"Nothing was heard for {silent:.0f} s after it.")
    back = f"Nothing was heard of it, and {silent:.0f} s later the firmware came back."
    return _found(_refusal(record, loads[-1]), sent, back)


def _refusal(record: BootRecord, load: StepRow) -> str:
    if record.boot.facts.get("arch_code") in IA32_CODES:
        return "wrong-cpu-nbp"
    return "nbp-refused-secureboot" if load.name.endswith(".efi") else "loader-refused"


# ── what to boot ─────────────────────────────────────────────────────────────────────────────────


def _not_assigned(record: BootRecord) -> Diagnosis | None:
    if record.boot.state != "held":
        return None
    code = record.boot.facts.get("code", "")
    return _found(
        "not-assigned", f"It shows the code {code} on its screen." if code else "It waits."
    )


def _local(record: BootRecord) -> Diagnosis | None:
    told = record.told
    if told is None or told.detail.get("kind") != "local" or not record.short:
        return None
    failed = [step for step in record.of("report") if step.began_at >= told.began_at]
    back = (record.boot.ended_at or record.now) - told.began_at
    return _found(
        "local-exit-failed",
        *(f"It reports that {one.name} failed with error {_errno(one)}." for one in failed[-1:]),
        f"The firmware asked again {back:.0f} s later.",
    )


def _page(record: BootRecord) -> Diagnosis | None:
    """The script was a sentence instead of an image."""
    told = record.told
    if told is None or told.detail.get("kind") != "page":
        return None
    ident = PAGES.get(str(told.detail.get("reason", "")), "nothing-to-boot")
    way_out = str(told.detail.get("way_out", "")) if ident == "nothing-to-boot" else ""
    return _found(ident, str(told.detail.get("sentence", "")), way_out=way_out)


def _pruned(record: BootRecord) -> Diagnosis | None:
    last = {step.name: step for step in record.of("part")}
    gone = [step.name for step in last.values() if step.status == "missing"]
    if not gone:
        return None
    return _found("artifact-pruned", f"{gone[0]} was asked for and is not on the disk.")


# ── the image ────────────────────────────────────────────────────────────────────────────────────


def _script_failed(record: BootRecord) -> Diagnosis | None:
    """iPXE's own last word, when nothing was sent after it."""
    said = next(reversed(record.of("report")), None)
    if said is None:
        return None
    if record.parts_sent and record.of("part")[-1].began_at > said.began_at:
        return None
    proof = f"It reports that {said.name} failed with error {_errno(said)}."
    if said.name == "cpu":
        return _found("wrong-system", "It reports that its processor is a 32-bit one.")
    secure = record.boot.facts.get("sb") in ("1", "01")
    refused = secure and said.name in ("kernel", "boot")
    return _found("kernel-signature-refused" if refused else "script-failed", proof)


def _first_stage(record: BootRecord) -> Diagnosis | None:
    rules = (first_stage.reported, first_stage.not_fetched, first_stage.too_large)
    told = next((one for one in (rule(record) for rule in rules) if one is not None), None)
    return _found(told[0], *told[1]) if told else None


def _doubted(found: Diagnosis, record: BootRecord) -> Diagnosis:
    """The same, with what was doubtful about the image when it was given out."""
    what, line = first_stage.doubts(found.id, record)
    way_out = f"Add this to the host: {line}" if line else found.way_out
    return replace(found, way_out=way_out, proof=(*found.proof, *what))


def _aborted(record: BootRecord) -> Diagnosis | None:
    last = {step.name: step for step in record.of("part")}
    for step in last.values():
        if step.status == "aborted" and not _slow(step):
            return _found(
                "download-aborted",
                f"{step.name}: {step.bytes or 0} of {step.total or 0} bytes,"
                " then the machine closed the connection.",
            )
    return None


def _download_slow(record: BootRecord) -> Diagnosis | None:
    last = next(reversed(record.of("part")), None)
    if last is None or record.parts_sent or not _slow(last):
        return None
    rate = int(last.detail["rate"]) // 1000
    return _found("download-slow", f"{last.name}: {rate} KB a second.")


def _no_sign_of_life(record: BootRecord) -> Diagnosis | None:
    if not record.parts_sent or not record.waited(QUIET_SECONDS):
        return None
    return _found(
        "kernel-no-sign-of-life",
        "All parts were sent and acknowledged.",
        f"Nothing was heard for {record.silent_seconds:.0f} s after that.",
    )


def _unwell(record: BootRecord) -> Diagnosis | None:
    """It phoned home, and said itself that something it needs is not there."""
    units = unwell((record.boot.facts.get("up") or {}).get("health"))
    return _found("unit-not-active", *(one.said for one in units)) if units else None


def _nothing_fetched(record: BootRecord) -> Diagnosis | None:
    told = record.told
    if told is None or told.detail.get("kind") != "run" or record.of("part") or not record.short:
        return None
    return _found("parts-not-fetched", f"The script for {told.name} was its last request.")


def _fell_silent(record: BootRecord) -> Diagnosis | None:
    if not record.short:
        return None
    silent = f"Nothing was heard for {record.silent_seconds:.0f} s."
    return _found("fell-silent", silent)


RULES: tuple[Callable[[BootRecord], Diagnosis | None], ...] = (
    _unwell,
    _refused,
    _not_assigned,
    _local,
    _page,
    _pruned,
    _raspberry_pi,
    _not_found,
    _loader_broken,
    _loop,
    _first_stage,
    _aborted,
    _script_failed,
    _download_slow,
    _u_boot,
    _loader_ran,
    _loader_silent,
    _no_sign_of_life,
    _foreign_boot_server,
    _never_fetched,
    _offer_ignored,
    _nothing_fetched,
    _fell_silent,
)


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def _slow(part: StepRow) -> bool:
    took = (part.ended_at or part.began_at) - part.began_at
    long = part.status == "running" or took >= SLOW_SECONDS
    return long and 0 < int(part.detail.get("rate", 0)) < SLOW_RATE


def _errno(report: StepRow) -> str:
    return str(report.detail.get("errno") or "unknown")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _sentence(text: str) -> str:
    """Another role's words as a sentence of their own."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _found(ident: str, *proof: str, way_out: str = "") -> Diagnosis:
    cause = CAUSES[ident]
    told = tuple(line for line in proof if line)
    return Diagnosis(ident, cause.heading, way_out or cause.way_out, told, cause.page)
