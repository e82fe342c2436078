"""What is around every page: the way to the others, what runs now, and the toast."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from appliance.actions.acts import told
from appliance.model.slices import Slices
from appliance.model.way import DOWN, Stand, Way
from appliance.store.boots import BootRow
from appliance.store.builds import BuildRow
from appliance.store.inventory import ActRow
from appliance.store.standing.open import hardened
from webui import lanes, phrases
from webui.pages.dock import Dock
from webui.pages.dock import present as not_applied
from webui.pages.inbox import unmet
from webui.pages.page import own_path, page
from webui.pages.trial import Bar
from webui.pages.trial import present as on_trial
from webui.session import Anybody, Here, Signed

router = APIRouter(include_in_schema=False)
THEMES = ("light", "dark")
REVIEW = "/changes/review"
"""The page that needs no dock: it is what the dock leads to."""
_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class Item:
    """One way in the navigation; `key` is its icon too."""

    key: str
    href: str
    label: str
    count: str = ""
    current: bool = False


class Running(NamedTuple):
    """Something that is so this second, in the top line."""

    href: str
    text: str
    kind: str = "live"


class Online(NamedTuple):
    """Whether the internet is there, in the top line."""

    kind: str
    text: str
    figure: str  # "9 ms"


class Toast(NamedTuple):
    """What was just done; `act` is empty when it cannot be undone."""

    text: str
    act: str


class Group(NamedTuple):
    """Ways that belong together; `label` "" stands alone."""

    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of one page."""

    title: str
    at: str  # key of the page's navigation item
    router: str  # "nixie.lan"
    user: str
    theme: str  # "" follows the system
    groups: tuple[Group, ...]
    running: tuple[Running, ...]
    back: str  # this page, for forms that come back to it
    once: str = ""  # the random word of this drawing, for its forms
    toast: Toast | None = None
    trial: Bar | None = None
    online: Online | None = None  # None: no port is the internet's
    dock: Dock | None = None
    hard: str = ""  # nothing can be saved, and why

    @property
    def ways(self) -> tuple[Item, ...]:
        """The pages for the thumb; the others are behind "More"."""
        return tuple(item for group in self.groups[:2] for item in group.items)


class FrameView(NamedTuple):
    """The moving parts of the frame, alone."""

    shell: Shell


def shell(here: Here, at: str, title: str, toast: Toast | None = None) -> Shell:
    """The frame for the page `at`, as the roles' files say now."""
    reads = here.reads
    builds = reads.builds_under_way()
    boots = reads.boots_in_progress(lanes.RUNNING)
    slices = reads.slices()
    machines = reads.machines()
    waiting = unmet(reads.held(here.now), machines)
    names = {mac: machine.name for machine in machines for _, mac in machine.macs}
    return replace(
        bare(here, at, title),
        router=f"{slices.dns.hostname}.{slices.dns.domain}" if slices else "Router",
        groups=navigation(at, len(waiting), len(builds), reads.devices_here()),
        running=(*doubted(slices), *running(builds, boots, names)),
        toast=toast or _toast(here),
        trial=None if has_the_head(here) else on_trial(here),
        online=online(reads.way()),
        dock=None if _back(here).startswith(REVIEW) else not_applied(here),
        hard="" if at == "overview" else hardened(reads.state) or "",  # it says so by itself
    )


def doubted(slices: Slices | None) -> tuple[Running, ...]:
    """The clock, while it is not to be believed."""
    if slices is None or slices.time.trusted:
        return ()
    return (Running("/changes/happened", "Clock not trusted", "warn"),)


def bare(here: Here, at: str, title: str) -> Shell:
    """The frame without anything that has to be read."""
    return Shell(
        title=title,
        at=at,
        router="Router",
        user=here.actor.name,
        theme=_theme(here),
        groups=navigation(at, 0, 0, 0),
        running=(),
        back=_back(here),
        once=here.desk.new_id(),
    )


def navigation(at: str, waiting: int, builds: int, devices: int) -> tuple[Group, ...]:
    """The pages that exist, with what is new on them."""

    def item(key: str, href: str, label: str, count: str = "") -> Item:
        return Item(key, href, label, count, key == at)

    return (
        Group("", (item("overview", "/", "Overview"),)),
        Group(
            "Boot",
            (
                item("machines", "/machines", "Machines", f"{waiting} new" if waiting else ""),
                item("sources", "/sources", "Sources"),
                item("builds", "/builds", "Builds", phrases.number(builds) if builds else ""),
            ),
        ),
        Group(
            "Network",
            (
                item("devices", "/devices", "Devices", phrases.number(devices) if devices else ""),
                item("network", "/networks", "Networks"),
                item("names", "/names", "DHCP & DNS"),
                item("firewall", "/firewall", "Firewall"),
            ),
        ),
        Group("", (item("system", "/system", "System"), item("undo", "/changes", "Changes"))),
    )


def running(
    builds: Sequence[BuildRow], boots: Sequence[BootRow], names: dict[str, str]
) -> tuple[Running, ...]:
    """What runs now, two things at most; `names` by MAC.

    >>> running([], [], {})
    ()
    """
    found = [
        Running(f"/builds/{build.id}", f"Building {build.name}")
        for build in builds
        if build.state == "running"
    ]
    found += [
        Running(f"/boots/{boot.id}", f"{names.get(boot.mac, boot.mac)} is booting")
        for boot in boots
    ]
    if len(found) <= 2:
        return tuple(found)
    return (found[0], Running("/", f"and {phrases.word(len(found) - 1)} more"))


def online(way: Way) -> Online | None:
    """How the way out stands, in a word.

    >>> online(Way(Stand.ONLINE, milliseconds=8.6)), online(Way())
    (Online(kind='ok', text='Online', figure='9\\xa0ms'), None)
    """
    if way.stand is Stand.OFF:
        return None
    if way.stand is Stand.ONLINE:
        figure = "" if way.milliseconds is None else _milliseconds(way.milliseconds)
        return Online("ok", "Online", figure)
    return Online("bad", "Offline", "") if way.stand in DOWN else Online("live", "Connecting", "")


def _milliseconds(found: float) -> str:
    """
    >>> _milliseconds(0.3), _milliseconds(8.6)
    ('0.3\\xa0ms', '9\\xa0ms')
    """
    number = f"{found:.0f}" if found >= 1 else f"{found:.1f}"
    return phrases.with_unit(number, "ms")


def toast_of(act: ActRow | None) -> Toast | None:
    """What an act did, and whether there is a way back."""
    if act is None:
        return None
    undoable = act.undoable and act.undone_at is None
    return Toast(act.what, act.id if undoable else "")


@router.get("/frame/nav")
def nav(here: Signed, at: str = "") -> Response:
    """The navigation, with its counts."""
    return page("frame/nav.html", FrameView(shell(here, at, "")))


@router.get("/frame/now")
def now(here: Signed) -> Response:
    """What runs."""
    return page("frame/now.html", FrameView(shell(here, "", "")))


@router.get("/frame/trial")
def trial_now(here: Signed) -> Response:
    """The change that is on trial; without one, what is not applied."""
    return page("frame/trial.html", FrameView(shell(here, "", "")))


@router.post("/theme")
def theme(
    here: Anybody, choice: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/"
) -> Response:
    """Light, dark, or as the system says."""
    done = RedirectResponse(own_path(back), 303)
    if choice in THEMES:
        done.set_cookie(
            "theme", choice, _YEAR_SECONDS, httponly=True, samesite="strict", secure=here.secure
        )
    else:
        done.delete_cookie("theme", httponly=True, samesite="strict", secure=here.secure)
    return done


def _theme(here: Here) -> str:
    chosen = here.request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def has_the_head(here: Here) -> bool:
    """Does this page show the change on trial by itself?"""
    return urlsplit(_back(here)).path == "/changes"


def _back(here: Here) -> str:
    """The page that is shown; a form that was posted, or a part of a page that is drawn again,
    belongs to the page it came from."""
    url, headers = here.request.url, here.request.headers
    path, query = url.path, url.query
    if here.request.method == "POST" or "hx-current-url" in headers:
        came = urlsplit(headers.get("hx-current-url") or headers.get("referer", ""))
        path, query = came.path or "/", came.query
    kept = [(name, value) for name, value in parse_qsl(query) if name != "done"]
    return own_path(f"{path}?{urlencode(kept)}" if kept else path)


def _toast(here: Here) -> Toast | None:
    act = here.request.query_params.get("done", "")
    return toast_of(told(here.desk, act)) if act else None
