"""/firewall/trace: which rule decides each packet of one conversation, for a minute."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from appliance.actions import traces
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, ShortText, body, done, one_of
from webui.session import Owning

router = routes_of("networks")


@shape
class ApiTraced:
    """One packet; `accepted` is null while, or where, no rule of the filter was asked."""

    at: Seconds
    source: Annotated[str, Field(examples=["10.77.0.101"])]
    destination: Annotated[str, Field(examples=["198.51.100.7"])]
    port: Annotated[int | None, Field(description="the sender's")]
    accepted: bool | None
    by: Annotated[str, Field(description="the id of the rule", examples=["forward-lan-internet"])]
    elsewhere: Annotated[str, Field(description="another program's table that refused it")]


@shape
class ApiTrace:
    """The newest trace; `what` is empty when there was none."""

    what: Annotated[str, Field(examples=["tcp 443 from lan to internet"])]
    until: Seconds
    over: bool
    problem: Annotated[str, Field(description="why nothing can be seen")]
    packets: list[ApiTraced]


@shape
class NewTrace:
    """What `PUT /firewall/trace` takes; who is left empty is anybody at that place."""

    __pydantic_config__ = body(source="lan", destination="internet", protocol="tcp", port=443)
    source: Annotated[ShortText, Field(description="a network, or internet")]
    destination: Annotated[ShortText, Field(description="the same, or router")]
    protocol: Annotated[str, one_of("protocol", max_length=10)]
    port: Annotated[int | None, Field(ge=1, le=65_535)] = None
    sender: Annotated[str, Field(max_length=100, description="a device or an address")] = ""
    receiver: Annotated[str, Field(max_length=100, description="a device or an address")] = ""


@router.get("/firewall/trace")
def trace(here: Owning) -> ApiTrace:
    """What became of the packets, newest first."""
    found = here.reads.trace()
    if found is None:
        return ApiTrace("", 0.0, True, "", [])
    packets = [ApiTraced(**asdict(one)) for one in found.packets]
    return ApiTrace(found.flow.words, found.until, found.over, found.problem, packets)


@router.put("/firewall/trace")
def begin(here: Owning, new: NewTrace) -> ApiDone:
    """Have the kernel tell of a conversation's packets for a minute, instead of another's."""
    return done(traces.trace(here.desk, here.actor, traces.Typed(**asdict(new))))


@router.delete("/firewall/trace")
def stop(here: Owning) -> ApiDone:
    """Watch no packets any more; what was seen stays until the next trace."""
    return done(traces.stop(here.desk, here.actor))
