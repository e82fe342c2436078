"""The option tree of the closed Nixie module as a configuration of ours.

Its options are known from its public user's files, 2023 to 2026; older names are read, too.  What
has no counterpart in a configuration is named, never dropped unsaid: menus, for example, are
inventory here, made of sources.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.errors import Problem, Refused
from appliance.model.closed_nixie_ipv6 import six, suffix

PREFIX = 24
"""The size of a network whose address comes without one."""
LINK_LONGEST = 15
ELSEWHERE: Mapping[str, str] = {
    "menus": "menus are made on the page Menus, of the hosts of sources",
    "prune": "images that nobody uses go by themselves",
    "dataDir": "there is one state directory: nixie run --state",
    "logDir": "logs are in the state directory",
    "openFirewall": "the firewall is this router's own",
    "fileServer": "images are served on port 80 of every network that boots",
    "refindGenerate": "rEFInd is not written yet",
    "nixRemount": "this is a matter of the host, not of the router",
    "btrfsTmp": "this is a matter of the host, not of the router",
    "rwStoreMount": "this is a matter of the host, not of the router",
}
"""First word of an option → where its counterpart is."""


@dataclass(frozen=True, slots=True)
class Translated:
    """The configuration's JSON, and a sentence for each option that is not in it."""

    stored: dict[str, Any]
    left: tuple[str, ...]


def is_tree(tree: Any) -> bool:
    """Whether this looks like the closed module's options, whole or from `nixie` on.

    >>> is_tree({"services": {"nixie": {}}}), is_tree({"nixie": {"dhcp": {"subnets": []}}})
    (True, True)
    >>> is_tree({"networks": []}), is_tree({"nixie": {"router": {}}})
    (False, False)
    """
    return isinstance(tree, Mapping) and _options(tree) is not None


def translated(tree: Mapping[str, Any]) -> Translated:
    """Read the options.  Raises Refused when a subnet is not one."""
    options = _renamed(_options(tree) or {})
    dhcp, wan = _group(options, "dhcp"), _group(options, "wan")
    left = [_elsewhere(name) for name in _group(tree, "services") if name in ELSEWHERE]
    left += [_elsewhere(name) for name in options if name not in ("enable", "dhcp", "wan")]
    left += [_unknown(f"dhcp.{name}") for name in dhcp if name not in ("enable", "subnets")]
    left += [_unknown(f"wan.{name}") for name in wan if name not in ("enable", "interface", "ipv6")]
    gives = dhcp.get("enable", True) is True
    subnets = _subnets(dhcp)
    v6 = six(subnets, wan)
    stored: dict[str, Any] = {
        "networks": [
            {**_network(subnet, gives=gives), "ipv6": own}
            for subnet, own in zip(subnets, v6.groups, strict=True)
        ]
    }
    for at, subnet in enumerate(subnets):
        left += _left_of_subnet(subnet, f"dhcp.subnets.{subnet.get('name', at)}")
    left += v6.left
    if v6.ula:
        stored["ula"] = v6.ula
    if wan.get("enable", bool(wan)) is True:
        stored["wan"] = {"port": wan.get("interface")}
    return Translated(stored, tuple(left))


def _subnets(dhcp: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = list(dhcp.get("subnets", []))
    for at, subnet in enumerate(found):
        if not isinstance(subnet, Mapping):
            raise Refused(Problem(("dhcp", "subnets", at), "This is not a group of settings."))
    return found


def _options(tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
    services = _group(tree, "services")
    if isinstance(services.get("nixie"), Mapping):
        return _group(services, "nixie")
    found = (one for one in (_group(tree, "nixie"), tree) if "subnets" in _group(one, "dhcp"))
    return next(found, None)


def _renamed(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options by their names of today."""
    found = dict(options)
    server = dict(_group(found, "file-server") or _group(found, "fileServer"))
    found.pop("file-server", None)
    if "menus" in server:
        found.setdefault("menus", server.pop("menus"))
    if server:
        found["fileServer"] = server
    dhcp = dict(_group(found, "dhcp"))
    if "wan" in dhcp:
        found.setdefault("wan", dhcp.pop("wan"))
    return {**found, "dhcp": dhcp}


def _network(subnet: Mapping[str, Any], *, gives: bool) -> dict[str, Any]:
    name, v4 = str(subnet.get("name", "")), _group(subnet, "ipv4")
    made: dict[str, Any] = {
        "name": name,
        "bridge": f"br-{name}"[:LINK_LONGEST],
        "ports": list(subnet.get("interfaces", [])),
        "address": _with_prefix(v4.get("address")),
        "netboot": subnet.get("serve", True),
    }
    if gives:
        made["dhcp"] = {
            "pool": {"first": v4.get("poolStart"), "last": v4.get("poolEnd")},
            "reservations": [
                {
                    "mac": str(one.get("mac", "")).lower(),
                    "address": _plain(_group(one, "ipv4")),
                    "suffix": suffix(one),
                }
                for one in _clients(subnet)
                if "address" in _group(one, "ipv4")
            ],
        }
    return made


def _left_of_subnet(subnet: Mapping[str, Any], place: str) -> Iterator[str]:
    v4 = _group(subnet, "ipv4")
    own = _plain(v4)
    for name in subnet:
        if name == "defaultMenu":
            yield f"{place}.{name}: what unknown machines get is set on the page Machines."
        elif name not in ("name", "serve", "interfaces", "ipv4", "ipv6", "clients"):
            yield _unknown(f"{place}.{name}")
    for name, value in v4.items():
        same = name in ("gateway", "dns") and value in (own, [own])  # explicit until 2025-12
        if name not in ("address", "poolStart", "poolEnd") and not same:
            yield _unknown(f"{place}.ipv4.{name}")
    for one in _clients(subnet):
        yield from _left_of_client(one, f"{place}.clients.{one.get('mac', '?')}")


def _left_of_client(one: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, value in one.items():
        if name == "menu":
            yield f"{place}.menu: what a machine boots is set on the page Machines."
        elif name == "ipv6" and suffix(one) and _group(one, "ipv4"):
            continue
        elif name not in ("mac", "ipv4") and (name, value) != ("serve", True):
            yield _unknown(f"{place}.{name}")


def _clients(subnet: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (one for one in subnet.get("clients", []) if isinstance(one, Mapping))


def _group(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}


def _with_prefix(address: object) -> object:
    """An address with its size, as ours are.

    >>> _with_prefix("10.42.0.1"), _with_prefix("10.42.0.1/16")
    ('10.42.0.1/24', '10.42.0.1/16')
    """
    return f"{address}/{PREFIX}" if isinstance(address, str) and "/" not in address else address


def _plain(v4: Mapping[str, Any]) -> object:
    address = v4.get("address")
    return address.partition("/")[0] if isinstance(address, str) else address


def _elsewhere(name: str) -> str:
    return f"{name}: {ELSEWHERE[name]}." if name in ELSEWHERE else _unknown(name)


def _unknown(name: str) -> str:
    return f"{name}: there is no such setting here."
