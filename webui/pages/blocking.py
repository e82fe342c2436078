"""/names/blocking: which names are not answered and for whom, in the draft; a pause, at once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import names as deeds
from appliance.actions.desk import Done
from appliance.model.dns import Blocking, Dns
from appliance.model.names import mac_from
from webui import phrases
from webui.forms import Text, filled, whole
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.name_forms import Tab, Wrong, edited, fields, kept, tabs, words
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/names/blocking"


@dataclass(frozen=True, slots=True)
class TypedBlocking:
    """What is blocked, as the form says it."""

    lists: str = ""
    names: str = ""
    allowed: str = ""
    exempt: str = ""
    refresh_hours: str = "24"


class BlockingView(NamedTuple):
    """The page."""

    shell: Shell
    tabs: tuple[Tab, ...]
    lead: str
    fields: Mapping[str, Field]
    problem: str


@router.get(PATH)
def show(here: Signed) -> Response:
    """The page."""
    return page("blocking.html", built(here, TypedBlocking(refresh_hours=""), {}))


@router.post(PATH)
def change(here: Owning, typed: Annotated[TypedBlocking, filled(TypedBlocking)]) -> Response:
    """What is blocked, in the draft."""

    def deed() -> Done:
        return deeds.set_blocking(here.desk, here.actor, as_stored(typed))

    return kept(PATH, deed, "blocking.html", lambda wrong: built(here, typed, wrong))


@router.post("/names/pause")
def pause(here: Signed, minutes: Text = "") -> Response:
    """Block nothing for some minutes, at once; 0 ends a pause."""
    if minutes == "0":
        return after("/names", deeds.resume_blocking(here.desk, here.actor).act)
    return after("/names", deeds.pause_blocking(here.desk, here.actor, whole(minutes) or 0).act)


def as_stored(typed: TypedBlocking) -> dict[str, Any]:
    """What the form says, as the configuration's JSON has it."""
    return {
        "lists": [{"url": one} for one in words(typed.lists)],
        "names": words(typed.names),
        "allowed": words(typed.allowed),
        "exempt": [_mac(one) for one in words(typed.exempt)],
        "refresh_hours": whole(typed.refresh_hours) or 0,
    }


def built(here: Here, typed: TypedBlocking, wrong: Wrong) -> BlockingView:
    """The view of this moment."""
    config = edited(here)
    blocking = (config.dns if config else Dns()).blocking
    stored = {
        "lists": tuple(one.url for one in blocking.lists),
        "names": blocking.names,
        "allowed": blocking.allowed,
        "exempt": blocking.exempt,
        "refresh_hours": (str(blocking.refresh_hours),),
    }
    return BlockingView(
        shell=frame.shell(here, "names", "Blocking"),
        tabs=tabs(config, PATH),
        lead=lead(
            blocking,
            [one.name for one in config.networks if not one.filtered] if config else (),
        ),
        fields=fields(stored, asdict(typed), wrong),
        problem=wrong.get("", ""),
    )


def lead(blocking: Blocking, spared: Sequence[str] = ()) -> str:
    """How much is blocked, and for whom not; `spared` are networks.

    >>> lead(Blocking()), lead(Blocking(names=("ads.example",)))
    ('No name is blocked.', 'Names of your own are not answered.')
    >>> lead(Blocking(names=("ads.example",)), ("lab",))
    'Names of your own are not answered, but for everybody on lab.'
    """
    lists = (f"of {phrases.counted(len(blocking.lists), 'list')}",) if blocking.lists else ()
    own = ("of your own",) if blocking.names else ()
    if not (lists or own):
        return "No name is blocked."
    networks = (f"everybody on {phrases.listing(spared)}",) if spared else ()
    devices = (phrases.counted(len(blocking.exempt), "device"),) if blocking.exempt else ()
    but = f", but for {' and '.join((*networks, *devices))}" if networks or devices else ""
    return f"Names {' and '.join((*lists, *own))} are not answered{but}."


def _mac(text: str) -> str:
    try:
        return mac_from(text)
    except ValueError:
        return text  # the configuration says what is wrong with it
