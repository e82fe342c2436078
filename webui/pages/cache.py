"""/cache: the router as a binary cache: where it is one, and what Nix on a machine needs for it."""

from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.model.lan_cache import CacheFacts, settings, url
from appliance.model.slices import Slices
from webui import phrases
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
ON, OFF = Pill("ok", "On"), Pill("hold", "Off")


class Row(NamedTuple):
    """One network; `url` is "" where it is off."""

    network: str
    url: str
    state: Pill


class CacheView(NamedTuple):
    """The page; `key` is "" before there is one, `lines` "" where it is on nowhere."""

    shell: Shell
    lead: str
    problem: str
    key: str
    lines: str
    rows: tuple[Row, ...]


@router.get("/cache")
def show(here: Signed) -> Response:
    """The page."""
    return page("cache.html", built(here))


def built(here: Here) -> CacheView:
    """The view of this moment."""
    facts, slices = here.reads.cache(), here.reads.slices()
    rows = networks(slices)
    urls = [one.url for one in rows if one.url]
    return CacheView(
        shell=frame.shell(here, "builds", "Binary cache"),
        lead=said(facts),
        problem=f"What was built last is not given away yet. {facts.problem}"
        if facts and facts.problem
        else "",
        key=facts.key if facts else "",
        lines=settings(urls, facts.key) if facts and urls else "",
        rows=rows,
    )


def said(facts: CacheFacts | None) -> str:
    """How much it has.

    >>> said(CacheFacts("k", "/", 0))
    'Nothing is published yet, so there is nothing to give.'
    """
    if facts is None:
        return "The role build makes its key when it starts."
    if not facts.paths:
        return "Nothing is published yet, so there is nothing to give."
    paths = phrases.count(facts.paths, "store path")
    return f"{phrases.capital(paths)} of published images, {phrases.size(facts.size)} unpacked."


def networks(slices: Slices | None) -> tuple[Row, ...]:
    """Every network in force."""
    if slices is None:
        return ()
    on = {one.name for one in slices.boot if one.cache}
    return tuple(
        Row(one.name, url(one.address.ip), ON) if one.name in on else Row(one.name, "", OFF)
        for one in slices.dns.networks
    )
