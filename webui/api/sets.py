"""The closed sets of words that the API speaks, each from the table that the code goes by."""

from collections.abc import Iterable, Mapping

from appliance.actions.builders import DEEDS as BUILDER_DEEDS
from appliance.actions.caches import DEEDS as CACHE_DEEDS
from appliance.actions.changes import CHANGE_STATES, REVISION_STATES
from appliance.actions.desk import KINDS as ACTORS
from appliance.actions.identities import ACTS as IDENTITY_ACTS
from appliance.actions.machines import BARE_INTENTS
from appliance.actions.networks import SENTENCES as UNKNOWNS
from appliance.actions.sources import CREDENTIAL_KINDS
from appliance.actions.traces import PROTOCOLS
from appliance.events import KINDS as EVENTS
from appliance.model.builders import SYSTEMS
from appliance.model.files import RECIPES
from appliance.model.identity import WAYS
from appliance.model.kernels import FORMS
from appliance.model.notices import KINDS as CHANNELS
from appliance.model.outlook import KINDS
from appliance.model.public_names import SERVICES
from appliance.model.running import STANDS as RUNNING
from appliance.model.storage import STATES as STORAGE_STATES
from appliance.model.table import INTENTS
from appliance.model.trust import TREATMENTS
from appliance.model.wake import STANDS as WOKEN
from appliance.model.way import Stand
from appliance.once import ONCE
from appliance.once import STATES as ONCE_STATES
from appliance.store.builder_states import STATES as BUILDER_STATES
from appliance.store.builder_states import STEPS
from appliance.store.cache_states import STATES as CACHE_STATES
from appliance.store.cache_states import STEPS as CACHE_STEPS
from appliance.store.people import SCOPES
from appliance.store.public_names import STATES as NAME_STATES
from appliance.store.reads import FILES
from webui.pages import states

SETS: Mapping[str, Iterable[str]] = {
    "actor": (*ACTORS.values(), "nobody", ""),
    "adapted": ("native", "adapted", "as built"),
    "boot": states.BOOT,
    "build": states.BUILD,
    "builder": BUILDER_STATES,
    "builder deed": BUILDER_DEEDS,
    "cache": CACHE_STATES,
    "cache deed": CACHE_DEEDS,
    "change": CHANGE_STATES,
    "channel": CHANNELS,
    "credential": CREDENTIAL_KINDS,
    "delivery": states.DELIVERY,
    "event": sorted(EVENTS),
    "file": FILES,
    "file form": FORMS,
    "generation": states.GENERATION,
    "host": states.VERDICT,
    "how": ACTORS,
    "identity act": IDENTITY_ACTS,
    "identity way": ("", *WAYS),
    "intent": INTENTS,
    "bare intent": BARE_INTENTS,
    "lease": ("bound", "released", "declined"),
    "need": KINDS,
    "once": ONCE,
    "once state": ONCE_STATES,
    "part": tuple(one for purposes in RECIPES.values() for one in purposes),
    "protocol": PROTOCOLS,
    "public name": NAME_STATES,
    "recipe": RECIPES,
    "revision": REVISION_STATES,
    "running": RUNNING,
    "scope": SCOPES,
    "service": SERVICES,
    "severity": ("note", "warn", "bad"),
    "source": (*states.SOURCE, "waiting"),
    "stage": ("os", "boot"),
    "step": ("dhcp", "loader", "autoexec", "script", "menu", "part", "hold", "report", "up"),
    "step status": ("ok", "running", "aborted", "missing", "refused"),
    "storage": STORAGE_STATES,
    "system": SYSTEMS,
    "trial step": tuple(dict.fromkeys((*STEPS, *CACHE_STEPS))),
    "trust": TREATMENTS,
    "unknown machine": UNKNOWNS,
    "way": tuple(Stand),
    "woken": (*WOKEN, "unsent"),
    "wish": ("waiting", "done", "refused"),
}
"""What a word is of → the words there are."""
