"""/notices: where the owner is told of things.  Secrets go in and never come out."""

from typing import Annotated

from pydantic import Field

from appliance.actions import notices
from appliance.actions.kept_secrets import SECRET_LONGEST
from appliance.model.notices import TOPICS
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, ShortText, body, done, one_of
from webui.session import Owning

router = routes_of("notices")
Settings = Annotated[
    dict[str, str], Field(max_length=10, examples=[{"url": "https://hooks.example/router"}])
]
Kind = Annotated[str, one_of("channel", max_length=20, examples=["webhook"])]
Topics = Annotated[list[str], Field(max_length=len(TOPICS), examples=[["internet", "device"]])]


@shape
class ApiChannel:
    """A channel; `said` is what its server said to the last notice, `sent` whether it took it."""

    id: str
    kind: Kind
    name: Annotated[str, Field(examples=["my phone"])]
    settings: Settings
    topics: Topics
    waiting: int
    at: Seconds | None
    sent: bool | None
    said: str


@shape
class NewChannel:
    """What `POST` and `PUT` take.  An empty `secret` leaves the one there is as it is."""

    __pydantic_config__ = body(
        kind="webhook",
        name="my program",
        settings={"url": "https://hooks.example/router"},
        topics=["internet", "device"],
        secret="a key of your own",
    )
    kind: Kind
    name: ShortText
    settings: Settings
    topics: Topics
    secret: Annotated[str, Field(max_length=SECRET_LONGEST)] = ""


@router.get("/notices")
def channels(here: Owning) -> list[ApiChannel]:
    """Every channel and how it does."""
    outcomes, waiting = here.reads.outcomes(), here.reads.notices_waiting()
    return [
        ApiChannel(
            one.id,
            one.kind,
            one.name,
            dict(one.settings),
            list(one.topics),
            waiting.get(one.id, 0),
            found.at if (found := outcomes.get(one.id)) else None,
            found.sent if found else None,
            found.said if found else "",
        )
        for one in here.reads.channels()
    ]


@router.post("/notices")
def add_channel(here: Owning, new: NewChannel) -> ApiDone:
    """Be told somewhere else, too."""
    return _saved(here, "", new)


@router.put("/notices/{channel}")
def change_channel(here: Owning, channel: str, new: NewChannel) -> ApiDone:
    """Be told differently."""
    return _saved(here, channel, new)


@router.delete("/notices/{channel}")
def remove_channel(here: Owning, channel: str) -> ApiDone:
    """Be told nothing there any more."""
    return done(notices.remove_channel(here.desk, here.actor, channel))


@router.post("/notices/{channel}/test")
def try_channel(here: Owning, channel: str) -> ApiDone:
    """Send a test: what the server says is in `GET /wishes/{wish}`."""
    return done(notices.try_channel(here.desk, here.actor, channel))


def _saved(here: Owning, ident: str, new: NewChannel) -> ApiDone:
    return done(
        notices.save_channel(
            here.desk, here.actor, ident, new.kind, new.name, new.settings, new.topics, new.secret
        )
    )
