"""/caches: who may have built something already, in the order in which they are asked."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from appliance.actions import caches
from appliance.model.caches import Cache, Said
from appliance.store.cache_states import CacheState
from webui.api.builders import ApiTrialStep
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, ShortText, Text, body, done, one_of
from webui.session import Owning

router = routes_of("caches")
KEY = "cache.example.org-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@shape
class ApiCacheAsked:
    """A cache and how it stands; `what` is why nothing comes from it."""

    id: str
    url: Annotated[str, Field(examples=["https://cache.example.org"])]
    keys: Annotated[list[str], Field(description="public keys", examples=[[KEY]])]
    user: Annotated[str, Field(description="empty: it gives to everybody")]
    enabled: bool
    state: Annotated[str, one_of("cache", examples=["ready"])]
    what: str
    steps: Annotated[list[ApiTrialStep], Field(description="of the last trial")]
    tried_at: Seconds | None
    answer: Annotated[str, Field(description="to the last question whether it has something")]


@shape
class NewCache:
    """What `POST` and `PUT` take.  The password is never shown again; empty, the kept one stays."""

    __pydantic_config__ = body(url="https://cache.example.org", keys=KEY)
    url: Text
    keys: Annotated[Text, Field(description="public keys, with spaces between")]
    user: ShortText = ""
    password: Text = ""


@router.get("/caches")
def caches_now(here: Owning) -> list[ApiCacheAsked]:
    """Every cache and how it stands, in the order in which they are asked."""
    states = here.reads.cache_states()
    return [_shown(one, states.get(one.id, CacheState(one.id))) for one in here.reads.caches()]


@router.post("/caches", status_code=202)
def add_cache(here: Owning, new: NewCache) -> ApiDone:
    """Add one after the others; it is tried: `GET /wishes/{wish}` says what came of it."""
    return done(caches.save_cache(here.desk, here.actor, "", _said(new)))


@router.put("/caches/{cache}", status_code=202)
def change_cache(here: Owning, cache: str, new: NewCache) -> ApiDone:
    """Change one; it is tried.  At another address its password has to be written again."""
    return done(caches.save_cache(here.desk, here.actor, cache, _said(new)))


@router.post("/caches/{cache}/{deed}", status_code=202)
def act_on_cache(
    here: Owning,
    cache: str,
    deed: Annotated[str, one_of("cache deed", examples=["try"])],
    what: Annotated[
        str, Query(max_length=400, description="with has: a store path, or a host's name or id")
    ] = "",
) -> ApiDone:
    """Try it, ask whether it has something, move it in the order, switch it, or let it be: then
    nothing that it signs is taken any more."""
    return done(caches.act_on_cache(here.desk, here.actor, cache, deed, what))


def _said(new: NewCache) -> Said:
    return Said(new.url, new.keys, new.user, new.password)


def _shown(one: Cache, state: CacheState) -> ApiCacheAsked:
    return ApiCacheAsked(
        id=one.id,
        url=one.url,
        keys=list(one.keys),
        user=one.user,
        enabled=one.enabled,
        state=state.state,
        what=state.what,
        steps=[ApiTrialStep(step.step, step.state == "ok", step.what) for step in state.steps],
        tried_at=state.tried_at,
        answer=state.answer,
    )
