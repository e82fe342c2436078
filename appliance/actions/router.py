"""The router's own name and its way to the internet, as changes of the draft."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done
from appliance.model import read
from appliance.model.config import RouterConfig
from appliance.model.wan import Wan


def set_internet(desk: Desk, actor: Actor, stored: Mapping[str, Any] | None) -> Done:
    """Say how the internet is reached; None: not at all.  What `stored` leaves out stays."""

    def change(config: RouterConfig) -> RouterConfig:
        if stored is None:
            return replace(config, wan=None)
        before = read.to_json(config.wan) if config.wan else {}
        return replace(config, wan=read.part(Wan, {**before, **stored}, ("wan",)))

    what = "The way to the internet is to change." if stored else "The internet is to be shut off."
    return draft.edit(desk, actor, change, what)


def set_names(
    desk: Desk, actor: Actor, hostname: str, domain: str, upstreams: Sequence[str]
) -> Done:
    """Name the router and its domain, and say of whom names of the internet are asked.

    An upstream that stays keeps what else is set of it.
    """

    def change(config: RouterConfig) -> RouterConfig:
        known = {str(one.address): read.to_json(one) for one in config.dns.upstreams}
        rows = [known.get(address, {"address": address}) for address in upstreams]
        dns = {**read.to_json(config.dns), "upstreams": rows}
        whole = {**read.to_json(config), "hostname": hostname, "domain": domain, "dns": dns}
        return read.config(whole)

    return draft.edit(desk, actor, change, f"The router is to be {hostname}.{domain}.")


def set_time(
    desk: Desk, actor: Actor, servers: Sequence[str], time_zone: str, *, serve: bool
) -> Done:
    """Say of whom the time is asked, whether the networks get it, and which clock rules follow."""

    def change(config: RouterConfig) -> RouterConfig:
        time = {**read.to_json(config.time), "servers": list(servers), "serve": serve}
        return read.config({**read.to_json(config), "time": time, "time_zone": time_zone})

    return draft.edit(desk, actor, change, f"The router's clock is to be that of {time_zone}.")
