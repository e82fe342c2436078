"""What a host is to us: native, adaptable, not bootable and why; with findings.

From the introspection's JSON, or from how the evaluation failed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.errors import Refused
from appliance.model.images import Finding, Verdict
from appliance.model.obstacles import went_too_far
from services.nix.failure import finding
from services.nix.recipe import Recipe, recipe

KINDS = ("native", "adaptable", "not-bootable")
SEVERITIES = ("note", "warn", "bad")
FINDINGS_KEPT = 50

LIMITS: Mapping[str, str] = {
    "timeout": "Its evaluation took longer than {seconds:g} s and was stopped. Look for a loop in "
    "it; a host that is only large gets more time with NIXIE_LOOK_SECONDS.",
    "memory": "Its evaluation needed more than {gibibytes:g} GiB of memory and was stopped. Look "
    "for a list or a text in it that grows without end; a host that is only large gets more with "
    "NIXIE_LOOK_GIBIBYTES, or from a builder that evaluates.",
    "output": "Its evaluation printed without end and was stopped. Take builtins.trace out of it.",
}
"""How the broker ends an evaluation that goes too far."""


NOTHING: Mapping[str, Finding] = {}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and the recipe when the host can boot."""

    verdict: Verdict
    recipe: Recipe | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How a job ended: its output, nix's last error, the broker's reason and sentence."""

    out: str
    error: str
    exit: int
    reason: str  # "done", "timeout", "memory", "output", "disk", "cancelled", "refused"
    what: str = ""
    trace: str = ""
    around: str = ""  # warnings, and what git and curl printed
    memory: int = 0  # bytes that the job held at its most, 0 unknown
    obstacle: str = ""  # why it was refused, in a word of model/obstacles.py

    @property
    def good(self) -> bool:
        """It ended by itself and well."""
        return self.exit == 0 and self.reason == "done"


def judged(
    source: str,
    name: str,
    answer: Answer,
    *,
    seconds: float,
    memory: int,
    tree: str = "",
    absent: Mapping[str, Finding] = NOTHING,
) -> Judged:
    """The verdict on a host from one look at it.

    `tree` is the store path of its source, `absent` why inputs are not here, by their address.
    """
    blank = Verdict(f"{source}/{name}", name, "not-bootable", None, None, None, watched=False)
    if not answer.good:
        return Judged(_failed(blank, answer, seconds, memory, tree, absent), None)
    try:
        told = json.loads(answer.out)
        return _judged(blank, told if isinstance(told, dict) else {})
    except (ValueError, RecursionError):
        reason = "The look at this host brought back nothing that can be read."
        return Judged(replace(blank, reason=reason), None)


def limit_sentence(answer: Answer, seconds: float, memory: int) -> str | None:
    """Why an evaluation was stopped, None when it ended by itself."""
    told = LIMITS.get(answer.reason)
    if told is not None:
        return told.format(seconds=seconds, gibibytes=memory / (1 << 30))
    if answer.reason in {"disk", "refused", "cancelled"}:
        return answer.what or "The evaluation was not started."
    return None


def names_problem(
    answer: Answer,
    seconds: float,
    memory: int,
    tree: str = "",
    absent: Mapping[str, Finding] = NOTHING,
) -> Finding | None:
    """Why a flake's hosts cannot be listed, None when they can."""
    stopped = limit_sentence(answer, seconds, memory)
    if stopped is not None:
        return _stopped(answer, stopped)
    if not answer.good:
        return _complaint(answer, tree, absent)
    told = json.loads(answer.out)
    if told["hosts"] is None:
        outputs = [one for one in told["outputs"] if one not in INTERNAL]
        offers = f"; it offers {', '.join(outputs[:8])}" if outputs else ""
        return Finding(
            "bad",
            f"This flake has no nixosConfigurations{offers}. Nixie boots what is listed there: "
            "add a host to the flake, or give the flake that has them.",
        )
    if not told["hosts"]:
        return Finding("bad", "The flake's nixosConfigurations are empty: add a host to them.")
    return None


INTERNAL = frozenset(
    {
        "_type",
        "inputs",
        "lastModified",
        "lastModifiedDate",
        "narHash",
        "outPath",
        "outputs",
        "rev",
        "revCount",
        "shortRev",
        "sourceInfo",
        "submodules",
    }
)
"""What every flake value has besides its outputs."""


def _failed(
    blank: Verdict,
    answer: Answer,
    seconds: float,
    memory: int,
    tree: str,
    absent: Mapping[str, Finding],
) -> Verdict:
    stopped = limit_sentence(answer, seconds, memory)
    if stopped is not None:
        return replace(blank, reason=stopped, findings=(_stopped(answer, stopped),))
    found = _complaint(answer, tree, absent)
    return replace(blank, reason=found.what, findings=(found,))


def _stopped(answer: Answer, what: str) -> Finding:
    """That it was ended, or not begun."""
    return Finding(
        "bad", what, obstacle=answer.reason if went_too_far(answer.reason) else answer.obstacle
    )


def _complaint(answer: Answer, tree: str, absent: Mapping[str, Finding]) -> Finding:
    """What went wrong; what an input that is not here brings about is that input's fault."""
    _, found = finding(answer.error or answer.what, answer.trace, tree)
    for address, why in absent.items():
        if address in answer.error:
            what = f"It needs an input that is not here. {why.what}"
            return replace(found, what=what, missing=None, obstacle=why.obstacle)
    return found


def _judged(blank: Verdict, told: Mapping[str, Any]) -> Judged:
    kind = told.get("kind")
    findings = _findings(told.get("findings"))
    verdict = replace(
        blank,
        kind=kind if kind in KINDS else "not-bootable",
        reason=_sentence(told.get("reason")),
        system=_short(told.get("system")),
        release=_short(told.get("release")),
        watched=told.get("watched") is True,
        findings=findings,
    )
    if verdict.kind == "not-bootable":
        reason = verdict.reason or "This is not a NixOS system."
        return Judged(replace(verdict, reason=reason), None)
    try:
        made = recipe(told)
    except Refused as refused:
        reason = str(refused)
        about = {one.where for one in refused.problems}
        word = "command-line" if about == {("kernelParams",)} else "other"
        return Judged(
            replace(
                verdict,
                kind="not-bootable",
                reason=reason,
                findings=(*findings, Finding("bad", reason, obstacle=word)),
            ),
            None,
        )
    listed = told.get("specialisations") or {}
    left_out = tuple(
        Finding("warn", f"Specialisation {name}: {_sentence(one.get('reason'))}")
        for name, one in sorted(listed.items())
        if isinstance(one, dict) and one.get("reason")
    )
    return Judged(
        replace(
            verdict,
            reason=None,
            specialisations=tuple(made.specialisations),
            findings=(*findings, *left_out),
        ),
        made,
    )


def _findings(told: object) -> tuple[Finding, ...]:
    if not isinstance(told, list):
        return ()
    return tuple(
        Finding(
            severity=one["severity"] if one.get("severity") in SEVERITIES else "note",
            what=_sentence(one.get("what")) or "",
            missing=_sentence(one.get("missing")),
            where=_sentence(one.get("where")),
        )
        for one in told[:FINDINGS_KEPT]
        if isinstance(one, dict) and one.get("what")
    )


def _sentence(told: object) -> str | None:
    if not isinstance(told, str) or not told.strip():
        return None
    return "".join(one for one in told[:2_000] if one.isprintable() or one == "\n").strip()


def _short(told: object) -> str | None:
    text = _sentence(told)
    return text[:64] if text else None
