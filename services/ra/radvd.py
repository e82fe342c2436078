"""radvd.conf(5) from what net published, and how radvd is started.

It runs with the right to open raw sockets and no other: the warnings in its log that it may not set
an interface's hop limit are what that costs.  When it ends it tells that we are no router any more.
"""

from collections.abc import Iterator
from pathlib import Path

from appliance.model.announced import AnnouncedNetwork, Ipv6Slice
from appliance.model.slices import Slices
from services.processes.program import Program

CONF = "radvd.conf"
EVERY_SECONDS = 600  # RFC 4861 §6.2.1, MaxRtrAdvInterval
ROUTER_SECONDS = 3 * EVERY_SECONDS  # RFC 4861 §6.2.1, AdvDefaultLifetime


def radvd(program: Path, folder: Path, slices: Slices) -> Program | None:
    """How radvd runs; None when no network has IPv6."""
    if not slices.ipv6.networks:
        return None
    pid = folder / "radvd.pid"
    argv = (str(program), "--nodaemon", "--logmethod", "stderr")
    return Program(
        argv=(*argv, "--config", str(folder / CONF), "--pidfile", str(pid)),
        files={CONF: text(slices.ipv6, slices.dns.domain)},
    )


def text(found: Ipv6Slice, domain: str) -> str:
    """The configuration file; names are to be had here, those of `domain` without it."""
    return "".join(
        f"interface {one.link} {{\n"
        f"{''.join(f'  {line}' for line in _interface(one, found, domain))}}};\n"
        for one in found.networks
    )


def _interface(network: AnnouncedNetwork, found: Ipv6Slice, domain: str) -> Iterator[str]:
    yield "AdvSendAdvert on;\n"
    yield "IgnoreIfMissing on;\n"
    yield f"MaxRtrAdvInterval {EVERY_SECONDS};\n"
    yield f"AdvDefaultLifetime {ROUTER_SECONDS if network.default_route else 0};\n"
    for one in network.prefixes:
        yield (
            f"prefix {one.prefix} {{ AdvPreferredLifetime {one.preferred_seconds}; "
            f"AdvValidLifetime {one.valid_seconds}; }};\n"
        )
    if found.site and network.router:
        yield f"route {found.site} {{ AdvRouteLifetime {ROUTER_SECONDS}; }};\n"
    if network.router:
        yield f"RDNSS {network.router} {{ AdvRDNSSLifetime {ROUTER_SECONDS}; }};\n"
        yield f"DNSSL {domain} {{ AdvDNSSLLifetime {ROUTER_SECONDS}; }};\n"
