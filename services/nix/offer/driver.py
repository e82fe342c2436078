"""The door by which the supervisor starts our daemon, and the broker its jobs."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from appliance.model.installed import Installed
from services.nix import request
from services.nix.daemon import DaemonRequest, conf_for, daemon_request
from services.nix.driver import real_path
from services.nix.keys.driver import builder_keys_in, cache_passwords_in, credentials_in
from services.nix.probe import installed_version
from services.nix.remote import request as remote
from services.nix.remote.evaluator import request as evaluator
from services.nix.remote.shared import driver as shared
from services.nix.store import Store
from services.nix.supply import request as supply
from services.nix.supply.kept import driver as kept
from services.processes.cgroups.place import Bounds
from services.processes.serve import Verb


def verbs(store: Store, state: Path) -> Mapping[str, Verb]:
    """All that the build role may ask for."""
    return {
        **request.verbs(store, credentials_in(state), real_path),
        **remote.verbs(store, builder_keys_in(state), partial(shared.write, store)),
        **evaluator.verbs(store, builder_keys_in(state)),
        **supply.verbs(store, cache_passwords_in(state), partial(kept.write, store)),
    }


def daemon_of(installed: Installed, store: Store, bounds: Bounds) -> DaemonRequest:
    """How our daemon is started now, with the caches that it was told last."""
    told = kept.text(store)
    conf = conf_for(installed, store, cores=os.cpu_count() or 1, caches=kept.read(told))
    made_from = {kept.place(store): told}
    return daemon_request(store, conf, installed_version(installed.nix), bounds, made_from)
