"""/names: how names are answered and addresses given now, and a name that is looked up."""

from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import names as deeds
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.dns import Dns
from appliance.store.answers import answer
from webui import phrases
from webui.forms import Text
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.name_forms import Tab, edited, tabs
from webui.pages.name_rows import Listed, Pause, Server, lead, listed, paused, servers
from webui.pages.page import Field, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
PAUSES = (5, 30, 120)
"""Minutes that a button offers."""


class Minutes(NamedTuple):
    """A pause that can be chosen."""

    minutes: int
    label: str


class Pool(NamedTuple):
    """Where a network's addresses are looked after."""

    network: str
    what: str


class NamesView(NamedTuple):
    """The page."""

    shell: Shell
    tabs: tuple[Tab, ...]
    lead: str
    servers: tuple[Server, ...]
    blocks: bool
    pause: Pause | None
    pauses: tuple[Minutes, ...]
    lists: tuple[Listed, ...]
    pools: tuple[Pool, ...]
    sought: Field
    records_asked: tuple[Choice, ...]
    look: str  # the wish of a name that is looked up, "" for none
    looked: str  # what it came to, "" while it is under way


@router.get("/names")
def show(here: Signed) -> Response:
    """The page."""
    return page("names.html", built(here))


@router.get("/names/now")
def now(here: Signed) -> Response:
    """What of it moves."""
    return page("names/now.html", built(here))


@router.post("/names/look")
def look(here: Signed, sought: Text = "", record: Text = "A") -> Response:
    """Have a name looked up."""
    try:
        done = deeds.look_up(here.desk, here.actor, sought, record)
    except Refused as refused:
        what = " ".join(one.what for one in refused.problems)
        return page("names.html", built(here, sought, what), 422)
    return RedirectResponse(f"/names?look={done.wish}", 303)


def built(here: Here, sought: str = "", wrong: str = "") -> NamesView:
    """The view of this moment; `sought` was typed, and `wrong` is what is wrong with it."""
    config = edited(here)
    reads = here.reads
    blocking = (config.dns if config else Dns()).blocking
    asked = here.request.query_params.get("look", "")
    told = answer(reads, asked) if asked else None
    return NamesView(
        shell=frame.shell(here, "names", "DHCP & DNS"),
        tabs=tabs(config, "/names"),
        lead=lead(reads.names_standing()),
        servers=servers(reads.names_standing()),
        blocks=bool(blocking.lists or blocking.names),
        pause=paused(reads.blocking_paused_until(), here.now),
        pauses=tuple(Minutes(one, phrases.duration(60 * one)) for one in PAUSES),
        lists=tuple(listed(one, here.now) for one in reads.blocklists()),
        pools=tuple(_pools(here, config)),
        sought=Field(sought, wrong),
        records_asked=tuple(Choice(one, one) for one in deeds.RECORDS),
        look=asked if told else "",
        looked=told.what if told and told.state == "done" else "",
    )


def _pools(here: Here, config: RouterConfig | None) -> list[Pool]:
    """What each network gives, and has given."""
    bound = [one for one in here.reads.leases() if one.state == "bound" and one.ends_at > here.now]
    found = []
    for one in config.networks if config else ():
        if one.dhcp is None:
            found.append(Pool(one.name, "gives no addresses"))
            continue
        pool = one.dhcp.pool
        fixed = phrases.count(len(one.dhcp.reservations), "fixed address", "fixed addresses")
        given = phrases.number(sum(lease.network == one.name for lease in bound))
        size = phrases.number(int(pool.last) - int(pool.first) + 1)
        what = f"{pool.first} – {pool.last}, {given} of {size} given, {fixed}"
        found.append(Pool(one.name, what))
    return found
