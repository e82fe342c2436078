"""The one switch that makes a network a guest network, and back."""

from dataclasses import replace

from appliance.model.config import RouterConfig
from appliance.model.firewall import GUEST, LAN, Zone


def isolated(config: RouterConfig, network: str) -> RouterConfig:
    """`network` apart from all others: its devices reach the internet, and here what they need.

    They get addresses, names, ping and, where machines may boot from it, the files for that; never
    the admin pages.  The zone for guests is made when there is none.
    """
    zones = config.zones
    if GUEST not in {zone.name for zone in zones}:
        zones = (*zones, Zone(GUEST))
    return _moved(replace(config, zones=zones), network, GUEST)


def joined(config: RouterConfig, network: str) -> RouterConfig:
    """`network` among those that manage the router again; a zone for guests without any goes.

    It stays when a rule or another zone names it.
    """
    home = next((zone.name for zone in config.zones if zone.manages), LAN)
    moved = _moved(config, network, home)
    used = {one.zone for one in moved.networks}
    used |= {end for rule in moved.rules for end in (rule.source, rule.destination)}
    used |= {reached for zone in moved.zones for reached in zone.reaches}
    zones = tuple(zone for zone in moved.zones if zone.name != GUEST or GUEST in used)
    return replace(moved, zones=zones)


def _moved(config: RouterConfig, network: str, zone: str) -> RouterConfig:
    networks = (replace(one, zone=zone) if one.name == network else one for one in config.networks)
    return replace(config, networks=tuple(networks))
