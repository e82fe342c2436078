"""A lease as a row of leases.db, and back."""

from appliance.store.leases import Stored
from services.dhcp.lease import NEVER, STATES, Lease
from services.dhcp.pool import REGULAR_SECONDS

HARDWARE = "hw:"


def row(network: str, lease: Lease, step: float = 0.0) -> Stored:
    """The row for `lease` as it is now, by a clock that is `step` seconds ahead of ours."""
    client = lease.client
    given_at = lease.given_at if lease.given_at == NEVER else lease.given_at + step
    return (
        network,
        lease.address,
        lease.mac.hex(":"),
        HARDWARE + client[1:].hex(":") if client[:1] == b"h" else client[1:].hex(),
        lease.hostname,
        "boot" if lease.boot else "os",
        given_at,
        lease.ends_at + step,
        STATES[lease.state],
        lease.vendor,
        lease.asked.hex(),
    )


def lease(stored: Stored, lease_seconds: int, step: float = 0.0) -> Lease:
    """The lease of a row, whose times are by a clock that is `step` seconds ahead of ours.

    Raises ValueError when it is not one that `row` wrote.
    """
    _, address, mac, client, hostname, stage, given_at, ends_at, state, vendor, asked = stored
    hardware = client.startswith(HARDWARE)
    key = bytes.fromhex(client.removeprefix(HARDWARE).replace(":", ""))
    found = Lease(address, bytes.fromhex(mac.replace(":", "")), (b"h" if hardware else b"c") + key)
    found.hostname, found.boot = hostname, stage == "boot"
    found.vendor, found.asked = vendor, bytes.fromhex(asked)
    found.given_at = given_at if given_at == NEVER else given_at - step
    found.ends_at = ends_at - step
    found.state = STATES.index(state)
    found.regular = not found.boot and ends_at - given_at >= lease_seconds + REGULAR_SECONDS
    return found
