"""/images/<id>/against/<other>: what is different from one image to another."""

from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import contents
from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.model.compare_closures import Contents, Package
from appliance.model.compare_images import compared
from appliance.model.images import Image
from webui import phrases
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.image import generation
from webui.pages.page import page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)

SHOWN, FOLDED = 12, 300
"""How many packages of a kind are in sight, and how many more behind a fold."""
VERSIONS = 6
"""How many of one package are named."""
HEADINGS = {"changed": "Other versions", "added": "New", "removed": "Gone"}
DONE = {
    "changed": ("have other versions", "has another version"),
    "added": ("are new", "is new"),
    "removed": ("are gone", "is gone"),
}
"""What is said of many and of one."""


class Row(NamedTuple):
    """One thing of both; `same` when nothing changed."""

    name: str
    before: str
    after: str
    same: bool


class Change(NamedTuple):
    """One package."""

    name: str
    before: str
    after: str
    grown: str


class Group(NamedTuple):
    """Packages to which the same happened: those shown, those folded, and how many more."""

    key: str
    heading: str
    shown: tuple[Change, ...]
    folded: tuple[Change, ...]
    fold: str  # what the fold says
    left: str  # what is said of those left out, "" when none is


class Packages(NamedTuple):
    """What the systems are made of; `sizes` "" where that is not known."""

    lead: str
    groups: tuple[Group, ...]
    sizes: str


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
    packages: Packages
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
        packages=_packages(contents.packages(here.reads, before, after, (names[0], names[1]))),
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


def _packages(found: Contents | str) -> Packages:
    if isinstance(found, str):
        return Packages(found, (), "")
    lists = {"changed": found.changed, "added": found.added, "removed": found.removed}
    groups = tuple(_group(key, those) for key, those in lists.items() if those)
    told = [
        f"{phrases.counted(len(those), 'package')} {DONE[key][len(those) == 1]}"
        for key, those in lists.items()
        if those
    ]
    if found.rebuilt:
        were = "was" if found.rebuilt == 1 else "were"
        many = phrases.counted(found.rebuilt, "package")
        told.append(f"{many} of the same version {were} built otherwise")
    lead = phrases.sentence(phrases.listing(told, 4)) if told else "The same, path by path."
    sizes = [phrases.size(one) for one in (found.before, found.after)]
    return Packages(
        lead, groups, f"{sizes[0]} before, {sizes[1]} after: {_grown(found.after - found.before)}."
    )


def _group(key: str, those: tuple[Package, ...]) -> Group:
    changes = tuple(
        Change(one.name, _versions(one.before), _versions(one.after), _grown(one.grown))
        for one in those[: SHOWN + FOLDED]
    )
    left = len(those) - len(changes)
    return Group(
        key=key,
        heading=HEADINGS[key],
        shown=changes[:SHOWN],
        folded=changes[SHOWN:],
        fold=f"{phrases.number(len(changes) - SHOWN)} more",
        left=f"{phrases.sentence(f'{phrases.number(left)} more')} " if left else "",
    )


def _versions(of: tuple[str, ...]) -> str:
    """Versions in a row.

    >>> _versions(("1.0", "2.0")), _versions(("", "1.0"))
    ('1.0 and 2.0', 'no version and 1.0')
    """
    return phrases.listing([one or "no version" for one in of], VERSIONS)


def _grown(count: int) -> str:
    """By how many bytes something grew.

    >>> _grown(2048), _grown(-2048), _grown(0)
    ('2\\xa0KiB more', '2\\xa0KiB less', 'as large')
    """
    if not count:
        return "as large"
    return f"{phrases.size(abs(count))} {'more' if count > 0 else 'less'}"


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
