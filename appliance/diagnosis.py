"""Why a boot fell short: rules over its record, first match wins.

Pure: the stored boot, its steps and the present time in; a named diagnosis with a sentence, a way
out and the proof out, or None when nothing is wrong (yet).  The boot role stores the id; the page
asks again for the words.  The catalogue is `RULES`; its order is from the surest to the vaguest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from appliance.store.boots import BootRow, StepRow

QUIET_SECONDS = 120.0  # a kernel that says nothing for so long has a problem
FETCH_SECONDS = 15.0  # from the address to the first request for the loader
LOOP_LOADS, LOOP_SECONDS = 3, 60.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One named cause.  `heading` is the cause, `way_out` what to do, `proof` what was seen."""

    id: str
    heading: str
    way_out: str
    proof: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One boot, ready for the rules."""

    boot: BootRow
    steps: Sequence[StepRow]
    now: float

    def of(self, *kinds: str) -> list[StepRow]:
        """The steps of these kinds, in order."""
        return [step for step in self.steps if step.kind in kinds]

    @property
    def silent_seconds(self) -> float:
        """How long nothing was seen; counts to the end of a boot that is over."""
        last = max((step.ended_at or step.began_at for step in self.steps), default=self.now)
        return max(0.0, (self.boot.ended_at or self.now) - last)

    @property
    def loads(self) -> list[StepRow]:
        """The loaders that went out whole; a question for the size is none."""
        return [
            step
            for step in self.of("loader")
            if step.status == "ok" and not step.detail.get("probe")
        ]

    @property
    def parts_sent(self) -> bool:
        """Kernel and initial ramdisk went out whole."""
        parts = {step.name: step.status for step in self.of("part")}
        return bool(parts) and all(status == "ok" for status in parts.values())


def diagnose(boot: BootRow, steps: Sequence[StepRow], now: float) -> Diagnosis | None:
    """The first rule that matches; None when none does."""
    record = Record(boot, steps, now)
    if boot.state in ("up", "served", "local"):
        return None
    for rule in RULES:
        found = rule(record)
        if found is not None:
            return found
    return None


def named(ident: str) -> str:
    """The heading that goes with a stored id when the steps are gone; the id when unknown."""
    return HEADINGS.get(ident, ident)


HEADINGS: Mapping[str, str] = {
    "unknown-arch": "No installed loader runs on this architecture.",
    "not-assigned": "Nobody has said yet what this machine shall boot.",
    "artifact-pruned": "The image was collected before the machine fetched it.",
    "build-waiting": "The image is still being built.",
    "tftp-not-found": "The machine asked for a file that is not there.",
    "tftp-stalled": "Packets of the loader get lost on the way.",
    "ipxe-loop": "The loader is loaded again and again.",
    "autoexec-missing": "The loader ran, but never asked for its script.",
    "loader-refused": "The loader was sent, but never started.",
    "download-aborted": "The machine broke off a download.",
    "script-failed": "The loader could not carry out its script.",
    "kernel-no-sign-of-life": "The kernel was started, then fell silent.",
    "e18-no-tftp": "The machine got an address, but never fetched its loader.",
    "unanswered": "The machine asked, and was not answered.",
}


def _unknown_arch(record: Record) -> Diagnosis | None:
    for step in record.of("dhcp"):
        why = str(step.detail.get("why", ""))
        if step.status == "refused" and "loader" in why:
            code = record.boot.facts.get("arch")
            seen = () if code is None else (f"It named architecture {code} in option 93.",)
            return _found(
                "unknown-arch",
                "Run the set-up again: it unpacks the loaders there are. A machine without one "
                "boots from its own disk.",
                f"{why[:1].upper()}{why[1:].rstrip('.')}.",
                *seen,
            )
    return None


def _not_assigned(record: Record) -> Diagnosis | None:
    if record.boot.state != "held":
        return None
    code = record.boot.facts.get("code", "")
    shown = f"It shows the code {code} on its screen." if code else "It waits."
    return _found("not-assigned", "Give it a host; it starts within five seconds.", shown)


def _pruned(record: Record) -> Diagnosis | None:
    for step in record.of("part", "script"):
        if step.status == "missing" or step.detail.get("reason") == "pruned":
            return _found(
                "artifact-pruned",
                "Build it again; what a machine is fetching is kept from now on.",
                f"{step.name} was asked for and is not on the disk.",
            )
    return None


def _waiting(record: Record) -> Diagnosis | None:
    for step in record.of("script")[-1:]:
        if step.detail.get("reason") == "waiting":
            return _found(
                "build-waiting",
                "The machine asks again by itself and starts as soon as the image is there.",
                str(step.detail.get("sentence", "")),
            )
    return None


def _not_found(record: Record) -> Diagnosis | None:
    if record.of("script"):
        return None
    missing = [step for step in record.of("loader") if step.status == "missing"]
    if not missing or record.loads:
        return None
    name = missing[-1].name
    return _found(
        "tftp-not-found",
        "Let Nixie answer its DHCP, without a file name set anywhere else.",
        f"It asked for {name} and was told at once that there is none.",
    )


def _stalled(record: Record) -> Diagnosis | None:
    for step in record.of("loader"):
        if step.status == "aborted" and int(step.detail.get("resends", 0)) >= 5:
            return _found(
                "tftp-stalled",
                "Look at the cable and the MTU between here and there; smaller blocks may pass.",
                f"{step.name}: {step.detail['resends']} blocks were sent again,"
                f" {step.bytes or 0} of {step.total or 0} bytes arrived.",
            )
    return None


def _loop(record: Record) -> Diagnosis | None:
    loads = record.loads
    if record.of("script") or len(loads) < LOOP_LOADS:
        return None
    span = loads[-1].began_at - loads[-LOOP_LOADS].began_at
    if span > LOOP_SECONDS:
        return None
    return _found(
        "ipxe-loop",
        "The card holds an old iPXE. Update it, or set network boot to the other firmware mode.",
        f"{loads[-1].name} was sent {len(loads)} times in {span:.0f} s and never led to a script.",
    )


def _loader_silent(record: Record) -> Diagnosis | None:
    """Everything of the loader sent, nothing after it: refused, or it looks for no script."""
    loads = record.loads
    if not loads or record.of("script") or record.boot.state != "short":
        return None
    sent = f"{loads[-1].name} was sent whole and acknowledged."
    came = any(step.began_at > loads[-1].began_at for step in record.of("dhcp"))
    if came and not record.of("autoexec"):
        return _found(
            "autoexec-missing",
            "Nixie answers its DHCP with the script too; another DHCP server may be in between.",
            sent,
            "The loader asked DHCP, and neither autoexec.ipxe nor the script after it.",
        )
    return _found(
        "loader-refused",
        "Switch Secure Boot off in the firmware, or look whether it boots in the other mode.",
        sent,
        "Nothing was heard of the loader, then the firmware came back.",
    )


def _aborted(record: Record) -> Diagnosis | None:
    last = {step.name: step for step in record.of("part")}
    for step in last.values():
        if step.status == "aborted":
            return _found(
                "download-aborted",
                "Look at its memory and its cable; a large image needs more memory than its size.",
                f"{step.name}: {step.bytes or 0} of {step.total or 0} bytes,"
                " then the machine closed the connection.",
            )
    return None


def _script_failed(record: Record) -> Diagnosis | None:
    for step in record.of("report")[-1:]:
        number = step.detail.get("errno") or "unknown"
        return _found(
            "script-failed",
            "The machine asks again by itself. The number leads to a page at ipxe.org/err.",
            f"It reports that {step.name} failed with error {number}.",
        )
    return None


def _no_sign_of_life(record: Record) -> Diagnosis | None:
    boot = record.boot
    silent = record.silent_seconds
    if not record.parts_sent or (boot.state != "short" and silent < QUIET_SECONDS):
        return None
    return _found(
        "kernel-no-sign-of-life",
        "Look at its screen. The image may lack the driver of this network card, or of the screen.",
        "All parts were sent and acknowledged.",
        f"Nothing was heard for {silent:.0f} s after that.",
    )


def _never_fetched(record: Record) -> Diagnosis | None:
    acked = [step for step in record.of("dhcp") if step.name == "ACK" and step.detail.get("file")]
    if not acked or len(record.of("dhcp")) != len(record.steps):
        return None
    quiet = record.silent_seconds
    if quiet < FETCH_SECONDS and record.boot.state != "short":
        return None
    return _found(
        "e18-no-tftp",
        "A firewall between here and there, or another DHCP server's next-server, is in the way.",
        f"It was told to fetch {acked[-1].detail['file']}.",
        "No request for a file came after that.",
    )


def _unanswered(record: Record) -> Diagnosis | None:
    refused = [step for step in record.of("dhcp") if step.status == "refused"]
    if not refused or len(record.of("dhcp")) != len(record.steps):
        return None
    return _found("unanswered", str(refused[-1].detail.get("why", "")))


RULES: tuple[Callable[[Record], Diagnosis | None], ...] = (
    _unknown_arch,
    _not_assigned,
    _pruned,
    _waiting,
    _not_found,
    _stalled,
    _loop,
    _aborted,
    _script_failed,
    _loader_silent,
    _no_sign_of_life,
    _never_fetched,
    _unanswered,
)


def _found(ident: str, way_out: str, *proof: str) -> Diagnosis:
    return Diagnosis(ident, HEADINGS[ident], way_out, tuple(line for line in proof if line))
