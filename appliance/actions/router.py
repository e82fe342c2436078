"""The router's own name and its way to the internet, as changes of the draft."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done, act
from appliance.errors import Problem, Refused
from appliance.events import ConfigActed
from appliance.model import ends, read
from appliance.model.config import RouterConfig
from appliance.model.wan import Wan

PASSWORDS = "pppoe"  # folder below STATE/secrets/web
PASSWORD = re.compile(r"[ -~]{1,128}")
KEY_MODE = 0o640  # pppd reads it by the group; nobody else is given it


def set_internet(
    desk: Desk, actor: Actor, stored: Mapping[str, Any] | None, password: str = ""
) -> Done:
    """Say how the internet is reached; None: not at all.  What `stored` leaves out stays.

    `password` is the provider's, for PPPoE; without one that which is kept stays.
    """
    fresh = {"secret": keep_password(desk, actor, password).subject} if password else {}

    def change(config: RouterConfig) -> RouterConfig:
        if stored is None:
            return replace(config, wan=None)
        before = read.to_json(config.wan) if config.wan else {}
        whole = {**before, **stored}
        if session := whole.get("pppoe"):
            whole["pppoe"] = {**(before.get("pppoe") or {}), **session, **fresh}
        return replace(config, wan=read.part(Wan, whole, ("wan",)))

    what = "The way to the internet is to change." if stored else "The internet is to be shut off."
    return draft.edit(desk, actor, change, what)


def keep_password(desk: Desk, actor: Actor, password: str) -> Done:
    """Keep a password of the provider; the subject is the name by which `wan.pppoe.secret` has it.

    The file is a line as pppd reads it (pppd(8), AUTHENTICATION).  It stays, since an undo or an
    older revision may ask for it again.
    """
    with act(desk, actor, "keep_provider_password", scope="admin") as doing:
        if not PASSWORD.fullmatch(password):
            what = "A password of a provider has 1 to 128 characters, all of them on a keyboard."
            raise Refused(Problem(("wan", "pppoe", "password"), what))
        name, quoted = desk.new_id(), password.replace("\\", "\\\\").replace('"', '\\"')
        desk.secrets.write(f"{PASSWORDS}/{name}", f'* * "{quoted}"\n'.encode(), mode=KEY_MODE)
        return doing.tell(name, "The provider’s password is kept.", ConfigActed)


def set_names(
    desk: Desk,
    actor: Actor,
    hostname: str,
    domain: str,
    upstreams: Sequence[str],
    ula: str | None = None,
) -> Done:
    """Name the router and its domain, and say of whom names of the internet are asked.

    An upstream that stays keeps what else is set of it.  `ula` is the IPv6 prefix of our own, ""
    for none; None leaves it as it is.
    """

    def change(config: RouterConfig) -> RouterConfig:
        known = {str(one.address): read.to_json(one) for one in config.dns.upstreams}
        rows = [known.get(str(ends.address(one) or one), {"address": one}) for one in upstreams]
        dns = {**read.to_json(config.dns), "upstreams": rows}
        whole = {**read.to_json(config), "hostname": hostname, "domain": domain, "dns": dns}
        whole |= {} if ula is None else {"ula": ula or None}
        return read.config(whole)

    return draft.edit(desk, actor, change, f"The router is to be {hostname}.{domain}.")


def set_time(
    desk: Desk, actor: Actor, servers: Sequence[str], time_zone: str, *, serve: bool
) -> Done:
    """Say of whom the time is asked, whether the networks get it, and which clock rules follow."""

    def change(config: RouterConfig) -> RouterConfig:
        time = {**read.to_json(config.time), "servers": list(servers), "serve": serve}
        return read.config({**read.to_json(config), "time": time, "time_zone": time_zone})

    return draft.edit(desk, actor, change, "How the router keeps the time is to be changed.")
