"""/images/<id>/against/<other>: what is different from one image to another."""

from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.model.compare_images import compared
from appliance.model.images import Image
from webui import phrases
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.image import generation
from webui.pages.page import page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


class Row(NamedTuple):
    """One thing of both; `same` when nothing changed."""

    name: str
    before: str
    after: str
    same: bool


class CompareView(NamedTuple):
    """The page."""

    shell: Shell
    heading: str
    lead: str
    host_href: str
    host: str
    before: str  # "generation 13"
    before_image: str
    after: str
    after_image: str
    rows: tuple[Row, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]


@router.get("/images/{ident}/against/{other}")
def show(here: Signed, ident: str, other: str) -> Response:
    """The page."""
    return page("compare.html", built(here, _image(here, other), _image(here, ident)))


def built(here: Here, before: Image, after: Image) -> CompareView:
    """The view of this moment."""
    found = compared(before, after)
    rows = (
        *(Row(one.name, one.before, one.after, one.same) for one in found.sides),
        *_measured(before, after, here.now),
    )
    changed = sum(not row.same for row in rows) + bool(found.gone or found.new)
    names = [_called(here, one) for one in (before, after)]
    heading = f"{after.name}: {names[0]} and {names[1]}"
    different = f"{phrases.counted(changed, 'thing')} differ" + ("s" if changed == 1 else "")
    return CompareView(
        shell=frame.shell(here, "sources", heading),
        heading=heading,
        lead=phrases.sentence(different) if changed else "They are the same.",
        host_href=f"/hosts/{after.host}",
        host=after.name,
        before=names[0],
        before_image=before.id,
        after=names[1],
        after_image=after.id,
        rows=rows,
        gone=found.gone,
        new=found.new,
    )


def _measured(before: Image, after: Image, now: float) -> tuple[Row, ...]:
    sizes = [phrases.size(one.size) for one in (before, after)]
    ages = [phrases.ago(now - one.provenance.built_at) for one in (before, after)]
    return (
        Row("To load", sizes[0], sizes[1], before.size == after.size),
        Row("Built", ages[0], ages[1], before.provenance.built_at == after.provenance.built_at),
    )


def _called(here: Here, image: Image) -> str:
    made = generation(here.reads.generations(image.host), image.id)
    special = f"{image.specialisation}, " if image.specialisation else ""
    return f"{special}generation {made.number}" if made else f"{special}image {image.id[:7]}"


def _image(here: Here, ident: str) -> Image:
    found = here.reads.image(ident)
    if found is None:
        what = "There is no such image. Images that nothing boots any more are cleared away."
        raise Unknown(Problem((), what))
    return found
