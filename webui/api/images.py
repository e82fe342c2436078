"""/images: what hosts became, with parts, sizes, hashes and where they come from."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from appliance.actions.contents import packages
from appliance.actions.generations import served_now
from appliance.actions.refusals import Unknown, problem
from appliance.model.compare_closures import Contents, Package
from appliance.model.compare_images import compared
from appliance.model.images import Image, Part
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import HostId, Seconds, one_of
from webui.session import Here, Signed

router = routes_of("images")

ImageId = Annotated[str, Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d"])]


ImagePath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@shape
class ApiGeneration:
    """An image in a host's history."""

    host: HostId
    number: Annotated[int, Field(examples=[3])]
    image: ImageId
    specialisations: dict[str, str]
    state: Annotated[str, one_of("generation", examples=["good"])]
    pinned: bool
    served: Annotated[bool, Field(description="what a machine gets on which none has failed")]
    made_at: Seconds
    size: Annotated[int, Field(examples=[310_000_000], description="bytes")]
    toplevel: str
    rev: str


@shape
class ApiPart:
    """One file that a machine downloads."""

    purpose: Annotated[str, one_of("part", examples=["kernel"])]
    name: Annotated[str, Field(examples=["bzImage"])]
    size: Annotated[int, Field(description="bytes")]
    sha256: str


@shape
class ApiImage:
    """A bootable image with its provenance."""

    id: ImageId
    host: HostId
    name: str
    specialisation: str | None
    recipe: Annotated[str, one_of("recipe")]
    system: str
    parts: list[ApiPart]
    thin: Annotated[
        list[ApiPart], Field(description="its other form: the first stage fetches the store")
    ]
    size: Annotated[int, Field(description="bytes")]
    command_line: str
    toplevel: str
    watched: bool
    url: str
    locked: str
    revision: str
    nar_hash: str
    drvs: dict[str, str]
    built_at: Seconds
    built_on: str
    nix: str
    adapted: Annotated[str, one_of("adapted", examples=["adapted"])]


@shape
class ApiSide:
    """One thing of two images."""

    name: Annotated[str, Field(examples=["Kernel"])]
    before: str
    after: str
    same: bool


@shape
class ApiPackage:
    """A package of either; a version "" is a path whose name has none."""

    name: Annotated[str, Field(examples=["openssl"])]
    before: Annotated[list[str], Field(examples=[["3.0.13"]])]
    after: Annotated[list[str], Field(examples=[["3.0.14"]])]
    grown: Annotated[int, Field(description="bytes")]


@shape
class ApiPackages:
    """What the systems are made of; `unknown` says why that is not compared, "" where it is."""

    unknown: str
    changed: list[ApiPackage]
    added: list[ApiPackage]
    removed: list[ApiPackage]
    rebuilt: Annotated[int, Field(description="packages of the same versions, built otherwise")]
    before: Annotated[int, Field(description="bytes in all")]
    after: int


@shape
class ApiImagesCompared:
    """Two images; `gone` and `new` are words of the kernel command line."""

    sides: list[ApiSide]
    gone: list[str]
    new: list[str]
    packages: ApiPackages


@router.get("/images")
def images(
    here: Signed, host: Annotated[str | None, Query(max_length=400)] = None
) -> list[ApiGeneration]:
    """Generations of every host, or of one, newest first."""
    rows, given = here.reads.generations(host), served_now(here.reads, host)
    return [
        ApiGeneration(
            row.host,
            row.number,
            row.image,
            dict(row.specialisations),
            row.state,
            row.pinned,
            given.get(row.host) == row,
            row.made_at,
            row.size,
            row.toplevel,
            row.rev,
        )
        for row in rows
    ]


@router.get("/images/{image}/against/{other}")
def against(here: Signed, image: ImagePath, other: ImagePath) -> ApiImagesCompared:
    """What is different from the image `other` to the image `image`."""
    before, after = _published(here, other), _published(here, image)
    found = compared(before, after)
    sides = [ApiSide(one.name, one.before, one.after, one.same) for one in found.sides]
    return ApiImagesCompared(
        sides, list(found.gone), list(found.new), _packages(packages(here.reads, before, after))
    )


@router.get("/images/{image}")
def one_image(here: Signed, image: ImagePath) -> ApiImage:
    """One published image."""
    found = _published(here, image)
    from_where = found.provenance
    return ApiImage(
        id=found.id,
        host=found.host,
        name=found.name,
        specialisation=found.specialisation,
        recipe=found.recipe,
        system=found.system,
        parts=[_part(part) for part in found.parts],
        thin=[_part(part) for part in found.thin],
        size=found.size,
        command_line=found.command_line,
        toplevel=found.toplevel,
        watched=found.watched,
        url=from_where.url,
        locked=from_where.locked,
        revision=from_where.revision,
        nar_hash=from_where.nar_hash,
        drvs=dict(from_where.drvs),
        built_at=from_where.built_at,
        built_on=from_where.built_on,
        nix=from_where.nix,
        adapted=from_where.adapted,
    )


def _packages(found: Contents | str) -> ApiPackages:
    if isinstance(found, str):
        return ApiPackages(found, [], [], [], 0, 0, 0)
    return ApiPackages(
        unknown="",
        changed=_listed(found.changed),
        added=_listed(found.added),
        removed=_listed(found.removed),
        rebuilt=found.rebuilt,
        before=found.before,
        after=found.after,
    )


def _listed(those: tuple[Package, ...]) -> list[ApiPackage]:
    return [ApiPackage(one.name, list(one.before), list(one.after), one.grown) for one in those]


def _published(here: Here, ident: str) -> Image:
    found = here.reads.image(ident)
    if found is None:
        raise Unknown(problem("There is no such image. GET /images lists them."))
    return found


def _part(part: Part) -> ApiPart:
    return ApiPart(part.purpose, part.name, part.size, part.sha256)
