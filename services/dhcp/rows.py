"""A lease as a row of leases.db, and back."""

from appliance.store.leases import Stored
from services.dhcp.lease import STATES, Lease
from services.dhcp.pool import REGULAR_SECONDS

HARDWARE = "hw:"


def row(network: str, lease: Lease) -> Stored:
    """The row for `lease` as it is now."""
    client = lease.client
    return (
        network,
        lease.address,
        lease.mac.hex(":"),
        HARDWARE + client[1:].hex(":") if client[:1] == b"h" else client[1:].hex(),
        lease.hostname,
        "boot" if lease.boot else "os",
        lease.given_at,
        lease.ends_at,
        STATES[lease.state],
        lease.vendor,
        lease.asked.hex(),
    )


def lease(stored: Stored, lease_seconds: int) -> Lease:
    """The lease of a row.  Raises ValueError when it is not one that `row` wrote."""
    _, address, mac, client, hostname, stage, given_at, ends_at, state, vendor, asked = stored
    hardware = client.startswith(HARDWARE)
    key = bytes.fromhex(client.removeprefix(HARDWARE).replace(":", ""))
    found = Lease(address, bytes.fromhex(mac.replace(":", "")), (b"h" if hardware else b"c") + key)
    found.hostname, found.boot = hostname, stage == "boot"
    found.vendor, found.asked = vendor, bytes.fromhex(asked)
    found.given_at, found.ends_at = given_at, ends_at
    found.state = STATES.index(state)
    found.regular = not found.boot and ends_at - given_at >= lease_seconds + REGULAR_SECONDS
    return found
