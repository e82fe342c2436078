"""/boots: every attempt, step by step."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from appliance.actions.refusals import Unknown, problem
from appliance.diagnosis import diagnose
from appliance.errors import Refused
from appliance.model.names import mac_from
from appliance.store.boots import BootRow
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import GONE, Before, HostId, Limit, MacText, Seconds, Word, one_of
from webui.session import Signed

router = routes_of("boots")


@shape
class ApiBoot:
    """One boot: what a machine asked for, and what became of it."""

    id: str
    network: Annotated[str, Field(examples=["lan"])]
    mac: MacText
    machine: str | None
    firmware: Annotated[str, Field(examples=["uefi-x64"])]
    began_at: Seconds
    ended_at: Seconds | None
    state: Annotated[str, one_of("boot", examples=["up"])]
    host: HostId | None
    name: Annotated[str | None, Field(description="the host's name")]
    image: str | None
    generation: int | None
    intent: Annotated[str | None, Field(description="of its machine then", examples=["run"])]
    toplevel: Annotated[str | None, Field(description="what the machine says it runs")]
    diagnosis: str | None
    facts: dict[str, Any]


@shape
class ApiStep:
    """One step of a boot; sizes in bytes."""

    number: int
    kind: Annotated[str, one_of("step", examples=["part"])]
    name: Annotated[str, Field(examples=["bzImage"])]
    began_at: Seconds
    ended_at: Seconds | None
    bytes: int | None
    total: int | None
    status: Annotated[str, one_of("step status", examples=["ok"])]
    detail: dict[str, Any]


@shape
class ApiCause:
    """Why a boot fell short, what to do, and what was seen."""

    id: str
    heading: str
    way_out: str
    proof: list[str]


@shape
class ApiTimeline:
    """One boot with its steps, and its cause when something is wrong."""

    boot: ApiBoot
    steps: list[ApiStep]
    cause: ApiCause | None


@router.get("/boots", responses=GONE)
def boots(
    here: Signed,
    mac: Annotated[str | None, Query(max_length=40, examples=["52:54:00:12:34:56"])] = None,
    limit: Limit = 50,
    before: Before = None,
) -> list[ApiBoot]:
    """Boots of every machine, or of one MAC, newest first; to go on, ask `before` the last one."""
    try:
        plain = mac_from(mac) if mac else None
    except ValueError as wrong:
        raise Refused(problem(f"{wrong}.", "mac")) from None
    if before is not None and here.reads.boot(before) is None:
        raise Unknown(
            problem(
                "There is no such boot. Old ones are forgotten; begin again without before.",
                "before",
            )
        )
    return [_shown(row) for row in here.reads.boots(plain, limit, before)]


@router.get("/boots/{boot}")
def one_boot(here: Signed, boot: Word) -> ApiTimeline:
    """One boot, step by step."""
    row = here.reads.boot(boot)
    if row is None:
        raise Unknown(
            problem("There is no such boot. Old ones are forgotten; GET /boots lists the others.")
        )
    stored = here.reads.steps(boot)
    found = diagnose(row, stored, here.now)
    cause = ApiCause(found.id, found.heading, found.way_out, list(found.proof)) if found else None
    steps = [
        ApiStep(
            step.number,
            step.kind,
            step.name,
            step.began_at,
            step.ended_at,
            step.bytes,
            step.total,
            step.status,
            dict(step.detail),
        )
        for step in stored
    ]
    return ApiTimeline(_shown(row), steps, cause)


def _shown(row: BootRow) -> ApiBoot:
    return ApiBoot(
        id=row.id,
        network=row.network,
        mac=row.mac,
        machine=row.machine,
        firmware=row.firmware,
        began_at=row.began_at,
        ended_at=row.ended_at,
        state=row.state,
        host=row.host,
        name=row.name,
        image=row.image,
        generation=row.generation,
        intent=row.intent,
        toplevel=row.toplevel,
        diagnosis=row.diagnosis,
        facts=dict(row.facts),
    )
