"""What differs between two settings of the names, in sentences."""

from collections.abc import Iterable, Iterator

from appliance.model.dns import Dns, Forwarding, Record, Upstream


def differences(before: Dns, after: Dns) -> Iterator[str]:
    """One sentence per difference."""
    if before.upstreams != after.upstreams:
        old, new = _listed(before.upstreams), _listed(after.upstreams)
        yield f"Names of the internet are asked of {new} (was {old})."
    yield from _records(before.records, after.records)
    yield from _forwardings(before.forwardings, after.forwardings)
    for name in sorted(set(after.private_answers) - set(before.private_answers)):
        yield f"{name} may have a private address."
    for name in sorted(set(before.private_answers) - set(after.private_answers)):
        yield f"{name} may no longer have a private address."
    if before.queries_per_second != after.queries_per_second:
        yield (
            f"A client may ask for {after.queries_per_second} names a second"
            f" (was {before.queries_per_second})."
        )


def _records(before: Iterable[Record], after: Iterable[Record]) -> Iterator[str]:
    old, new = tuple(before), tuple(after)
    for one in new:
        if one not in old:
            yield f"{one.name} has the record {one.kind} {one.value}, for {one.seconds} s."
    for one in old:
        if one not in new:
            yield f"{one.name} no longer has the record {one.kind} {one.value}."


def _forwardings(before: Iterable[Forwarding], after: Iterable[Forwarding]) -> Iterator[str]:
    old = {one.domain: one for one in before}
    new = {one.domain: one for one in after}
    for domain, one in new.items():
        if old.get(domain) != one:
            yield f"Names in {domain} are asked of {_listed(one.upstreams)}."
    for domain in old.keys() - new.keys():
        yield f"Names in {domain} are no longer asked of a server of their own."


def _listed(upstreams: Iterable[Upstream]) -> str:
    """The servers, as people call them.

    >>> from ipaddress import IPv4Address
    >>> _listed([Upstream(IPv4Address("9.9.9.9"), "dns.quad9.net")])
    '9.9.9.9 (dns.quad9.net, encrypted)'
    """
    return ", ".join(map(said, upstreams)) or "nobody"


def said(upstream: Upstream) -> str:
    """One server in words."""
    name = f" ({upstream.tls_name}, encrypted)" if upstream.tls_name else ""
    return f"{upstream.address}{name}"
