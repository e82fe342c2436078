"""What differs between two settings of the names, in sentences."""

from collections.abc import Iterable, Iterator

from appliance.model.dns import Blocking, Dns, Forwarding, Record, Upstream


def differences(before: Dns, after: Dns) -> Iterator[str]:
    """One sentence per difference."""
    if before.upstreams != after.upstreams:
        old, new = _listed(before.upstreams), _listed(after.upstreams)
        yield f"Names of the internet are asked of {new} (was {old})."
    yield from _records(before.records, after.records)
    yield from _forwardings(before.forwardings, after.forwardings)
    yield from _sets(
        before.private_answers,
        after.private_answers,
        "{} may have a private address.",
        "{} may no longer have a private address.",
    )
    if before.queries_per_second != after.queries_per_second:
        yield (
            f"A client may ask for {after.queries_per_second} names a second"
            f" (was {before.queries_per_second})."
        )
    yield from _blocking(before.blocking, after.blocking)


def _blocking(before: Blocking, after: Blocking) -> Iterator[str]:
    old, new = ([one.url for one in each.lists] for each in (before, after))
    yield from _sets(old, new, "The names of {} are blocked.", "The list {} blocks no longer.")
    yield from _sets(before.names, after.names, "{} is blocked.", "{} is no longer blocked.")
    yield from _sets(
        before.allowed,
        after.allowed,
        "{} is answered, whatever a list says.",
        "{} is answered only if no list blocks it.",
    )
    yield from _sets(
        before.exempt, after.exempt, "Nothing is blocked for {}.", "Names are blocked for {} too."
    )
    if before.refresh_hours != after.refresh_hours:
        yield (
            f"Lists of blocked names are fetched every {after.refresh_hours} hours"
            f" (was {before.refresh_hours})."
        )


def _sets(before: Iterable[str], after: Iterable[str], come: str, gone: str) -> Iterator[str]:
    """What came, then what went, each in its sentence."""
    old, new = set(before), set(after)
    yield from (come.format(one) for one in sorted(new - old))
    yield from (gone.format(one) for one in sorted(old - new))


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
