"""/cache: the router as a binary cache."""

from typing import Annotated

from pydantic import Field

from appliance.model.lan_cache import settings, url
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.session import Signed

router = routes_of("builds")


@shape
class ApiCacheNetwork:
    """A network on which it is on."""

    network: Annotated[str, Field(examples=["lan"])]
    url: Annotated[str, Field(examples=["http://10.77.0.1/cache"])]


@shape
class ApiCache:
    """What it gives away; `key` is null before it was made."""

    key: Annotated[
        str | None,
        Field(
            description="the public key, for trusted-public-keys",
            examples=["nixie-3fa81c22:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
        ),
    ]
    networks: list[ApiCacheNetwork]
    paths: Annotated[int, Field(description="store paths of published images")]
    size: Annotated[int, Field(description="bytes of them all, unpacked")]
    lines: Annotated[
        str, Field(description="of a NixOS configuration; empty where it is on nowhere")
    ]
    problem: Annotated[
        str, Field(description="why what was built last is not given away yet; else empty")
    ]


@router.get("/cache")
def cache(here: Signed) -> ApiCache:
    """Where the router is a binary cache, its public key, and the lines for other machines."""
    facts, slices = here.reads.cache(), here.reads.slices()
    on = [one for one in slices.boot if one.cache] if slices else []
    networks = [ApiCacheNetwork(one.name, url(one.address.ip)) for one in on]
    if facts is None:
        return ApiCache(None, networks, 0, 0, "", "")
    lines = settings([one.url for one in networks], facts.key) if networks else ""
    return ApiCache(facts.key, networks, facts.paths, facts.size, lines, facts.problem)
