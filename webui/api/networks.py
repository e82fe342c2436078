"""/networks, /ports and /leases: what is in force, and who holds which address."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from appliance.actions import networks
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, MacText, Seconds, ShortText, Word, body, done, one_of
from webui.session import Signed

router = routes_of("networks")

Kind = Annotated[str, one_of("unknown machine", max_length=20)]


@shape
class ApiDefault:
    """What unknown machines get; `network` "*" is every other network."""

    network: Annotated[str, Field(examples=["lan"])]
    kind: Kind
    menu: str | None


@shape
class ApiNetwork:
    """A network in force; the pool is null where DHCP does not answer."""

    name: Annotated[str, Field(examples=["lan"])]
    link: Annotated[str, Field(examples=["br-lan"])]
    address: Annotated[str, Field(examples=["10.77.0.1/24"])]
    ipv6: Annotated[
        list[str],
        Field(description="the router's, one per prefix", examples=[["fd12:3456:789a::1/64"]]),
    ]
    pool_first: Annotated[str | None, Field(examples=["10.77.0.100"])]
    pool_last: Annotated[str | None, Field(examples=["10.77.0.199"])]
    lease_seconds: int | None
    netboot: bool
    filtered: Annotated[bool, Field(description="names are blocked for its devices")]
    cache: Annotated[bool, Field(description="the router is a binary cache on it")]
    default: ApiDefault


@shape
class ApiPort:
    """An interface of this box; a port of the configuration is named by any of the three words."""

    link: Annotated[str, Field(examples=["enp1s0"])]
    mac: MacText
    up: bool
    network: str | None
    path: Annotated[
        str,
        Field(
            description="its slot, as udev's ID_PATH and Path= of systemd have it; "
            "empty for what sits in none",
            examples=["pci-0000:01:00.0"],
        ),
    ]


@shape
class ApiLease:
    """A lease; one of the stage boot is short."""

    network: str
    address: Annotated[str, Field(examples=["10.77.0.100"])]
    mac: MacText
    hostname: str
    stage: Annotated[str, one_of("stage")]
    given_at: Seconds
    ends_at: Seconds
    state: Annotated[str, one_of("lease")]


@shape
class NewDefault:
    """What `PUT /networks/{network}/default` takes; `menu` by id or name."""

    __pydantic_config__ = body(kind="menu", menu="workshop")
    kind: Kind
    menu: ShortText | None = None


@router.get("/networks")
def every_network(here: Signed) -> list[ApiNetwork]:
    """Networks in force, with what unknown machines get there."""
    slices = here.reads.slices()
    if slices is None:
        return []
    chosen = {one.network: one for one in here.reads.unknowns()}
    dhcp = {one.name: one for one in slices.dhcp}
    shown = []
    for network in slices.dns.networks:
        pool = dhcp.get(network.name)
        default = chosen.get(network.name) or chosen.get("*")
        shown.append(
            ApiNetwork(
                network.name,
                network.link,
                str(network.address),
                [str(one) for one in network.six],
                str(pool.first) if pool else None,
                str(pool.last) if pool else None,
                pool.lease_seconds if pool else None,
                any(one.name == network.name for one in slices.booting),
                network.filtered,
                any(one.name == network.name and one.cache for one in slices.boot),
                ApiDefault(
                    network.name,
                    default.kind if default else "hold",
                    default.menu if default else None,
                ),
            )
        )
    return shown


@router.put("/networks/{network}/default")
def set_network_default(here: Signed, network: Word, new: NewDefault) -> ApiDone:
    """Decide what unknown machines get on a network, or ("*") on every other one."""
    return done(networks.set_network_default(here.desk, here.actor, network, new.kind, new.menu))


@router.get("/ports")
def ports(here: Signed) -> list[ApiPort]:
    """The box's interfaces."""
    return [ApiPort(row.link, row.mac, row.up, row.network, row.path) for row in here.reads.ports()]


@router.get("/leases")
def leases(
    here: Signed,
    network: Annotated[str | None, Query(max_length=15)] = None,
    limit: Annotated[int, Query(ge=1, le=65_536)] = 10_000,
) -> list[ApiLease]:
    """Leases in address order, ended ones included."""
    return [
        ApiLease(
            row.network,
            str(row.address),
            row.mac,
            row.hostname,
            row.stage,
            row.given_at,
            row.ends_at,
            row.state,
        )
        for row in here.reads.leases(network)[:limit]
    ]
