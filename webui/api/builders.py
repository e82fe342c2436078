"""/builders: other computers that build for this router.  The router's keys for them never come
out."""

from dataclasses import field
from typing import Annotated

from pydantic import Field

from appliance.actions import builders
from appliance.model.builders import MOST_FEATURES, SYSTEMS, Builder, Said, authorized, fingerprint
from appliance.store.builder_states import BuilderState
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, ShortText, Text, body, done, one_of
from webui.session import Owning

router = routes_of("builders")
System = Annotated[str, one_of("system", max_length=20, examples=["x86_64-linux"])]
Systems = Annotated[list[System], Field(max_length=len(SYSTEMS))]
Features = Annotated[
    list[ShortText],
    Field(
        max_length=MOST_FEATURES,
        description="that a derivation may require of it: system-features in its nix.conf",
        examples=[["kvm", "big-parallel"]],
    ),
]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@shape
class ApiTrialStep:
    """One step of a trial and what it found."""

    step: Annotated[str, one_of("trial step", examples=["login"])]
    passed: bool
    what: str


@shape
class ApiBuilder:
    """A builder and how it stands; `what` is why it does not build."""

    id: str
    name: Annotated[str, Field(examples=["kiln"])]
    host: Annotated[str, Field(examples=["kiln.lan"])]
    port: int
    user: Annotated[str, Field(examples=["nix"])]
    systems: Systems
    jobs: Annotated[int, Field(description="derivations of a shared build at once")]
    speed: Annotated[int, Field(description="the larger is asked first")]
    features: Features
    shares: Annotated[bool, Field(description="it is given single derivations, not whole builds")]
    evaluates: Annotated[bool, Field(description="it says what the hosts of a flake are, too")]
    enabled: bool
    state: Annotated[str, one_of("builder", examples=["ready"])]
    what: str
    steps: Annotated[list[ApiTrialStep], Field(description="of the last trial")]
    tried_at: Seconds | None
    authorized_keys: Annotated[
        str, Field(description="the line that lets the router in, to paste there")
    ]
    host_key: Annotated[str, Field(description="that you trusted, empty for none", examples=[KEY])]
    shown_host_key: Annotated[
        str, Field(description="that it showed last: what POST …/trust takes", examples=[KEY])
    ]
    shown_fingerprint: Annotated[str, Field(description="of shown_host_key, to compare there")]


@shape
class NewBuilder:
    """What `POST` and `PUT` take; with an empty `name` it is called like its host."""

    __pydantic_config__ = body(host="kiln.lan", user="nix", systems=["x86_64-linux"], jobs=4)
    host: ShortText
    name: ShortText = ""
    port: int = 22
    user: ShortText = "nix"
    systems: Systems = field(default_factory=lambda: list(SYSTEMS[:1]))
    jobs: int = 2
    speed: int = 1
    features: Features = field(default_factory=list)
    shares: bool = False
    evaluates: bool = False


@shape
class Compared:
    """The host key whose fingerprint you compared with what the builder itself prints."""

    __pydantic_config__ = body(host_key=KEY)
    host_key: Text


@router.get("/builders")
def builders_now(here: Owning) -> list[ApiBuilder]:
    """Every builder and how it stands."""
    states = here.reads.builder_states()
    return [_shown(one, states.get(one.id, BuilderState(one.id))) for one in here.reads.builders()]


@router.post("/builders", status_code=202)
def add_builder(here: Owning, new: NewBuilder) -> ApiDone:
    """Add one; it is tried at once, and `GET /wishes/{wish}` says what came of it."""
    return _saved(here, "", new)


@router.put("/builders/{builder}", status_code=202)
def change_builder(here: Owning, builder: str, new: NewBuilder) -> ApiDone:
    """Change one; it is tried at once.  At another address its host key has to be compared."""
    return _saved(here, builder, new)


@router.delete("/builders/{builder}")
def remove_builder(here: Owning, builder: str) -> ApiDone:
    """Let it be."""
    return done(builders.remove_builder(here.desk, here.actor, builder))


@router.post("/builders/{builder}/trust", status_code=202)
def trust_host_key(here: Owning, builder: str, compared: Compared) -> ApiDone:
    """Take the host key that it showed for its own; then it is tried."""
    return done(builders.trust_host_key(here.desk, here.actor, builder, compared.host_key))


@router.post("/builders/{builder}/{deed}", status_code=202)
def act_on_builder(
    here: Owning, builder: str, deed: Annotated[str, one_of("builder deed", examples=["try"])]
) -> ApiDone:
    """Try it step by step, so that `GET /wishes/{wish}` says what came of it, or switch it; what it
    builds now goes on."""
    return done(builders.act_on_builder(here.desk, here.actor, builder, deed))


def _saved(here: Owning, ident: str, new: NewBuilder) -> ApiDone:
    said = Said(
        name=new.name,
        host=new.host,
        port=new.port,
        user=new.user,
        systems=tuple(new.systems),
        jobs=new.jobs,
        speed=new.speed,
        features=tuple(new.features),
        shares=new.shares,
        evaluates=new.evaluates,
    )
    return done(builders.save_builder(here.desk, here.actor, ident, said))


def _shown(one: Builder, state: BuilderState) -> ApiBuilder:
    return ApiBuilder(
        id=one.id,
        name=one.name,
        host=one.host,
        port=one.port,
        user=one.user,
        systems=list(one.systems),
        jobs=one.jobs,
        speed=one.speed,
        features=list(one.features),
        shares=one.shares,
        evaluates=one.evaluates,
        enabled=one.enabled,
        state=state.state,
        what=state.what,
        steps=[ApiTrialStep(step.step, step.state == "ok", step.what) for step in state.steps],
        tried_at=state.tried_at,
        authorized_keys=authorized(state.public_key, evaluates=one.evaluates)
        if state.public_key
        else "",
        host_key=one.host_key,
        shown_host_key=state.shown_key,
        shown_fingerprint=fingerprint(state.shown_key) if state.shown_key else "",
    )
