"""/internet: how the way out is, and what the provider gave."""

from typing import Annotated

from pydantic import Field

from appliance.actions import internet
from appliance.actions import router as deeds
from appliance.model.way import Held, Way
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, body, done, one_of
from webui.session import Owning, Signed

router = routes_of("networks")


@shape
class ApiProvided:
    """What the provider's DHCP server gave."""

    address: Annotated[str, Field(examples=["203.0.113.5/24"])]
    server: Annotated[str, Field(examples=["203.0.113.1"])]
    gateways: list[str]
    routes: Annotated[
        list[str], Field(description="option 121", examples=[["10.0.0.0/8 via 203.0.113.9"]])
    ]
    name_servers: Annotated[list[str], Field(description="asked when the configuration names none")]
    domain: str
    mtu: int | None
    given_at: Seconds
    lease_seconds: int
    renew_seconds: int
    rebind_seconds: int


@shape
class ApiInternet:
    """How the way out is; `why` is the sentence when something is wrong."""

    stand: Annotated[str, one_of("way", examples=["online"])]
    why: Annotated[str, Field(examples=["there is no cable in enp1s0."])]
    since: Annotated[Seconds | None, Field(description="it stands so since then")]
    link: Annotated[str, Field(examples=["enp1s0"])]
    address: Annotated[str, Field(examples=["203.0.113.5/24"])]
    gateway: Annotated[str, Field(examples=["203.0.113.1"])]
    milliseconds: Annotated[float | None, Field(description="to the gateway and back")]
    lost_percent: Annotated[int | None, Field(description="of the newest 20 questions to it")]
    provided: Annotated[ApiProvided | None, Field(description="null: not by DHCP, or not yet")]
    delegated: Annotated[
        str | None,
        Field(description="IPv6 prefix that the provider lends", examples=["2001:db8:42::/56"]),
    ]


@router.get("/internet")
def internet_now(here: Signed) -> ApiInternet:
    """How the way out is, and what the provider gave."""
    slices = here.reads.slices()
    lent = slices.ipv6.delegated if slices else None
    return _shown(here.reads.way(), here.reads.provided(), str(lent) if lent else None)


@shape
class ApiPassword:
    """A password of the provider, for PPPoE; no answer ever has it."""

    __pydantic_config__ = body(password="as in the letter")

    password: Annotated[str, Field(min_length=1, max_length=128)]


@router.post("/internet/password")
def keep_internet_password(here: Owning, new: ApiPassword) -> ApiDone:
    """Keep the provider's password; `subject` is its name, for `wan.pppoe.secret` of a draft."""
    return done(deeds.keep_password(here.desk, here.actor, new.password))


@router.post("/internet/renew")
def renew_internet(here: Signed) -> ApiDone:
    """Ask the provider again, now."""
    return done(internet.renew(here.desk, here.actor))


@router.post("/internet/probe")
def probe_internet(here: Signed) -> ApiDone:
    """Ask for an address on every port without a network, and take none: which is the internet?

    The answer to the wish says which cable it is, within ten seconds.
    """
    return done(internet.search(here.desk, here.actor))


def _shown(way: Way, held: Held | None, delegated: str | None) -> ApiInternet:
    return ApiInternet(
        stand=way.stand.value,
        why=way.why,
        since=way.since or None,
        link=way.link,
        address=way.address,
        gateway=way.gateway,
        milliseconds=way.milliseconds,
        lost_percent=way.lost_percent,
        provided=_provided(held) if held else None,
        delegated=delegated,
    )


def _provided(held: Held) -> ApiProvided:
    lease = held.lease
    return ApiProvided(
        address=str(lease.address),
        server=str(lease.server),
        gateways=[str(one) for one in lease.gateways],
        routes=[f"{one.destination} via {one.gateway}" for one in lease.routes],
        name_servers=[str(one) for one in lease.name_servers],
        domain=lease.domain,
        mtu=lease.mtu,
        given_at=held.given_at,
        lease_seconds=lease.lease_seconds,
        renew_seconds=lease.renew_seconds,
        rebind_seconds=lease.rebind_seconds,
    )
