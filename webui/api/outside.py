"""/firewall/outside: what a stranger on the internet's side gets to see."""

from typing import Annotated

from pydantic import Field

from appliance.actions import outside
from appliance.model.outside import reached_by
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, done
from webui.session import Signed

router = routes_of("networks")


@shape
class ApiHeard:
    """A port that did not keep silent."""

    protocol: Annotated[str, Field(examples=["tcp"])]
    address: Annotated[str, Field(examples=["203.0.113.5"])]
    port: int
    open: Annotated[bool, Field(description="false: it said that nobody is there")]
    expected: Annotated[bool, Field(description="a forward or a rule of yours lets it in")]


@shape
class ApiSocket:
    """Something on this router that waits for whoever comes."""

    protocol: Annotated[str, Field(examples=["udp"])]
    address: Annotated[str, Field(examples=["0.0.0.0"])]
    port: int
    link: Annotated[str, Field(description="the only one that it hears; empty: every one")]
    owner: Annotated[str, Field(description="a role or program of ours, or empty")]
    zones: Annotated[list[str], Field(description="who may ask it, by the firewall")]
    exposed: Annotated[bool, Field(description="of ours, and on the internet's side")]


@shape
class ApiOutside:
    """The newest look from outside; `at` is null before the first."""

    at: Seconds | None
    silent: Annotated[bool, Field(description="nothing answered that should not")]
    proven: Annotated[bool, Field(description="the router was at the other end of the cable")]
    older: Annotated[bool, Field(description="the configuration was changed since")]
    why: Annotated[str, Field(description="why the newest try came to nothing")]
    tried: Annotated[int, Field(description="ports that were asked")]
    addresses: list[str]
    heard: list[ApiHeard]
    sockets: list[ApiSocket]
    findings: Annotated[
        list[str], Field(description="what was told as wrong and is not over, with what to do")
    ]


@router.get("/firewall/outside")
def seen_from_outside(here: Signed) -> ApiOutside:
    """What a stranger on the internet's side got to see, judged by what is in force now."""
    found, why = outside.newest(here.desk, here.now), outside.why_not(here.desk)
    findings = [f"{one.what} {one.todo}" for one in here.desk.reads.exposures()]
    if found is None:
        return ApiOutside(None, False, False, False, why, 0, [], [], [], findings)
    seen = found.seen
    return ApiOutside(
        at=found.at,
        silent=not (found.wrong or found.bare),
        proven=seen.answered,
        older=found.older,
        why=why,
        tried=seen.tried,
        addresses=list(seen.addresses),
        heard=[
            ApiHeard(one.protocol, one.address, one.port, one.how == "open", one not in found.wrong)
            for one in seen.heard
        ],
        sockets=[
            ApiSocket(
                protocol=one.protocol,
                address=one.address,
                port=one.port,
                link=one.link,
                owner=one.owner,
                zones=list(reached_by(found.config, one, here.now)),
                exposed=one in found.bare,
            )
            for one in seen.sockets
        ],
        findings=findings,
    )


@router.post("/firewall/outside")
def look_from_outside(here: Signed) -> ApiDone:
    """Put a stranger on a cable in the internet's zone, who asks every port and goes away again.

    The answer to the wish comes within half a minute.
    """
    return done(outside.look(here.desk, here.actor))
