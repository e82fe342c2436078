"""/public-names: names on the internet that follow this router.  Secrets go in and never come
out."""

from typing import Annotated

from pydantic import Field

from appliance.actions import public_names
from appliance.actions.kept_secrets import SECRET_LONGEST
from appliance.model.public_names import FIELDS, PublicName
from appliance.store.public_names import Record
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, ShortText, body, done, one_of
from webui.session import Owning

router = routes_of("public names")
EXAMPLE = {"publishes": "both", "refresh_days": "24", "user": "lena"}
Settings = Annotated[dict[str, str], Field(max_length=len(FIELDS), examples=[EXAMPLE])]
Service = Annotated[str, one_of("service", max_length=20, examples=["dyn"])]
Address = Annotated[str, Field(description="that was published last", examples=["203.0.113.5"])]


@shape
class ApiPublicName:
    """A name and how it stands; `what` is why, or what the service said last."""

    id: str
    name: Annotated[str, Field(examples=["home.example.org"])]
    service: Service
    settings: Settings
    state: Annotated[str, one_of("public name", examples=["published"])]
    what: str
    ipv4: Address
    ipv6: Address
    leads_to: Annotated[list[str], Field(description="as the service named it, else both")]
    published_at: Seconds | None
    tried_at: Seconds | None
    again_at: Annotated[
        Seconds | None, Field(description="null: not by itself before something changes")
    ]


@shape
class NewPublicName:
    """What `POST` and `PUT` take.  An empty `secret` leaves the one there is, at the same server.

    Settings: `publishes` (both, ipv4, ipv6, seen), `refresh_days`; `user` and, without a server of
    its own, `server` for dyndns2; `server`, `zone`, `key`, `algorithm`, `ttl` for rfc2136.
    """

    __pydantic_config__ = body(
        name="home.example.org",
        service="dyndns2",
        settings={"server": "dyn.example.org", "user": "lena"},
        secret="the password there",
    )
    name: ShortText
    service: Service
    settings: Settings
    secret: Annotated[str, Field(max_length=SECRET_LONGEST)] = ""


@router.get("/public-names")
def public_names_now(here: Owning) -> list[ApiPublicName]:
    """Every name and how it stands."""
    records = here.reads.public_records()
    return [_shown(one, records.get(one.id, Record())) for one in here.reads.public_names()]


@router.post("/public-names")
def add_public_name(here: Owning, new: NewPublicName) -> ApiDone:
    """Let one more name follow this router."""
    return _saved(here, "", new)


@router.put("/public-names/{name}")
def change_public_name(here: Owning, name: str, new: NewPublicName) -> ApiDone:
    """Let it follow otherwise; it is published at once."""
    return _saved(here, name, new)


@router.delete("/public-names/{name}")
def remove_public_name(here: Owning, name: str) -> ApiDone:
    """Let it be: it leads where it led last."""
    return done(public_names.remove_name(here.desk, here.actor, name))


@router.post("/public-names/{name}/publish")
def publish_public_name(here: Owning, name: str) -> ApiDone:
    """Publish it now: what the service says is in `GET /wishes/{wish}`."""
    return done(public_names.publish_now(here.desk, here.actor, name))


def _saved(here: Owning, ident: str, new: NewPublicName) -> ApiDone:
    told = (new.name, new.service, new.settings, new.secret)
    return done(public_names.save_name(here.desk, here.actor, ident, *told))


def _shown(one: PublicName, record: Record) -> ApiPublicName:
    return ApiPublicName(
        id=one.id,
        name=one.name,
        service=one.service,
        settings={name: text for name, text in one.settings.items() if text},
        state=record.state,
        what=record.what,
        ipv4="" if one.seen else record.v4,
        ipv6=record.v6,
        leads_to=list(record.addresses),
        published_at=record.published_at or None,
        tried_at=record.tried_at or None,
        again_at=record.again_at,
    )
