"""/images/<id>: what a machine downloads, and where it comes from."""

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.model.images import Image, Part
from appliance.store.builds import GenerationRow
from webui import phrases
from webui.pages import frame, states
from webui.pages.frame import Shell
from webui.pages.page import Fact, known_facts, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


class PartLine(NamedTuple):
    """One file."""

    name: str
    purpose: str
    size: str
    sha256: str


class ImageView(NamedTuple):
    """The page."""

    shell: Shell
    host: str
    host_href: str
    compare_href: str  # with the generation before, "" for the first
    heading: str
    lead: str
    state: Pill | None
    parts: tuple[PartLine, ...]
    whole: str
    origin: tuple[Fact, ...]
    runs: tuple[Fact, ...]
    derivations: tuple[Fact, ...]


@router.get("/images/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    image = here.reads.image(ident)
    if image is None:
        what = "There is no such image. Images that nothing boots any more are cleared away."
        raise Unknown(Problem((), what))
    return page("image.html", built(here, image))


def built(here: Here, image: Image) -> ImageView:
    """The view of this moment."""
    generations = here.reads.generations(image.host)
    made = generation(generations, image.id)
    special = f", {image.specialisation}" if image.specialisation else ""
    number = f", generation {made.number}" if made else ""
    heading = f"{image.name}{special}{number}"
    origin = image.provenance
    return ImageView(
        shell=frame.shell(here, "sources", heading),
        host=image.name,
        host_href=f"/hosts/{image.host}",
        compare_href=_compare(generations, image.id),
        heading=heading,
        lead=phrases.sentence(
            f"Built {phrases.ago(here.now - origin.built_at)} on {_builder(origin.built_on)}, "
            f"{phrases.size(image.size)} to load"
        ),
        state=states.pill(states.GENERATION, made.state) if made else None,
        parts=tuple(
            PartLine(part.name, _purpose(image, part), phrases.size(part.size), part.sha256)
            for part in image.every_part
        ),
        whole=phrases.size(image.size),
        origin=known_facts(
            Fact("Source", origin.url, code=True),
            Fact("Locked", origin.locked, code=True),
            Fact("Revision", origin.revision, code=True),
            Fact("narHash", origin.nar_hash, code=True),
            Fact("Last changed", _date(origin.last_modified, here.now)),
            Fact("Built", _date(origin.built_at, here.now)),
            Fact("Built on", _builder(origin.built_on)),
            Fact("Nix", origin.nix),
            Fact("Made", origin.adapted),
        ),
        runs=known_facts(
            Fact("Toplevel", image.toplevel, code=True),
            Fact("Command line", image.command_line, code=True),
            Fact("For", phrases.processor(image.system)),
            Fact("Watched", "yes" if image.watched else "no, served as built"),
            Fact("Image", image.id, code=True),
        ),
        derivations=tuple(
            Fact(name, path, code=True) for name, path in sorted(origin.drvs.items())
        ),
    )


def _purpose(image: Image, part: Part) -> str:
    return part.purpose if part in image.parts else f"{part.purpose}, served thin"


def generation(rows: Sequence[GenerationRow], image: str) -> GenerationRow | None:
    """The generation that has this image, by itself or for a specialisation."""
    return next(
        (row for row in rows if row.image == image or image in row.specialisations.values()), None
    )


def _compare(rows: Sequence[GenerationRow], image: str) -> str:
    """The comparison with the generation before; `rows` come newest first."""
    at = next((place for place, row in enumerate(rows) if row.image == image), len(rows))
    older = next((row.image for row in rows[at + 1 :] if row.image != image), "")
    return f"/images/{image}/against/{older}" if older else ""


def _builder(name: str) -> str:
    """Who built it: a builder, or this router, also with builders that shared its work."""
    return f"this router{name[4:]}" if name.split(" ")[0] == "here" else name


def _date(at: float, now: float) -> str:
    if not at:
        return ""
    return f"{phrases.capital(phrases.day(at, now))} {phrases.clock(at)}"
