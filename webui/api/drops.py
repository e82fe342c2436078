"""/firewall/drops: what the filter held back lately."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import Field

from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import Seconds
from webui.session import Signed

router = routes_of("networks")


@shape
class ApiDrop:
    """One packet; `by` is the id of the rule that decided, `leaves` "" when it was for us."""

    at: Seconds
    by: Annotated[str, Field(examples=["forward-lan-refused"])]
    arrived: Annotated[str, Field(examples=["br-lan"])]
    leaves: Annotated[str, Field(examples=["enp1s0"])]
    mac: Annotated[str, Field(examples=["52:54:00:12:34:56"])]
    source: Annotated[str, Field(examples=["10.77.0.101"])]
    destination: Annotated[str, Field(examples=["198.51.100.7"])]
    protocol: Annotated[str, Field(examples=["tcp"])]
    port: int | None


@router.get("/firewall/drops")
def drops(here: Signed, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[ApiDrop]:
    """The newest packets that were held back, of each rule a few a second."""
    return [ApiDrop(**asdict(one)) for one in here.reads.drops(limit) or ()]
