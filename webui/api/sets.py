"""The closed sets of words that the API speaks, each from the table that the code goes by."""

from collections.abc import Iterable, Mapping

from appliance.actions.builders import DEEDS as BUILDER_DEEDS
from appliance.actions.caches import DEEDS as CACHE_DEEDS
from appliance.actions.changes import CHANGE_STATES, REVISION_STATES
from appliance.actions.desk import KINDS as ACTORS
from appliance.actions.machines import BARE_INTENTS
from appliance.actions.networks import SENTENCES as UNKNOWNS
from appliance.actions.sources import CREDENTIAL_KINDS, TRUSTS
from appliance.actions.traces import PROTOCOLS
from appliance.events import KINDS as EVENTS
from appliance.model.builders import SYSTEMS
from appliance.model.notices import KINDS as CHANNELS
from appliance.model.public_names import SERVICES
from appliance.model.table import INTENTS
from appliance.model.way import Stand
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
    "event": sorted(EVENTS),
    "file": FILES,
    "generation": states.GENERATION,
    "host": states.VERDICT,
    "how": ACTORS,
    "intent": INTENTS,
    "bare intent": BARE_INTENTS,
    "lease": ("bound", "released", "declined"),
    "part": ("kernel", "initrd"),
    "protocol": PROTOCOLS,
    "public name": NAME_STATES,
    "recipe": ("linux",),
    "revision": REVISION_STATES,
    "scope": SCOPES,
    "service": SERVICES,
    "severity": ("note", "warn", "bad"),
    "source": (*states.SOURCE, "waiting"),
    "stage": ("os", "boot"),
    "step": ("dhcp", "loader", "autoexec", "script", "menu", "part", "hold", "report", "up"),
    "step status": ("ok", "running", "aborted", "missing", "refused"),
    "system": SYSTEMS,
    "trial step": tuple(dict.fromkeys((*STEPS, *CACHE_STEPS))),
    "trust": TRUSTS,
    "unknown machine": UNKNOWNS,
    "way": tuple(Stand),
    "wish": ("waiting", "done", "refused"),
}
"""What a word is of → the words there are."""
