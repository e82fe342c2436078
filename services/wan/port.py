"""The port to the internet: its client or its address on paper, its gateway, how it stands.

A machine without any I/O over the two others; times are CLOCK_BOOTTIME seconds.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

from appliance.model.slices import WanSlice
from appliance.model.way import Lease, Stand
from services.dhcp.wire import Message
from services.wan.gauge import Gauge
from services.wan.lease import Act, Ask, Client

WORRY_SECONDS: Final = 20.0  # without an answer to DHCP
CARRIER_SECONDS: Final = 5.0  # `net` switches the card on, and it has to agree with a switch


class Port:
    """One slice at work; a new slice makes a new port."""

    def __init__(
        self,
        wan: WanSlice,
        mac: bytes,
        draw: Callable[[], int],
        now: float,
        held: tuple[Lease, float] | None = None,
    ) -> None:
        """`held` is the lease that this port has already, and when it was given."""
        self.link, self._begun = wan.link, now
        self.connected = False
        self.client = None if wan.address else Client(mac, wan.lans, draw, now, held)
        self._static = (wan.address, wan.gateway)
        self._gateway: IPv4Address | None = None
        self.gauge = Gauge(now)

    @property
    def lease(self) -> Lease | None:
        """What DHCP gave."""
        return self.client.lease if self.client else None

    @property
    def address(self) -> IPv4Interface | None:
        """Ours, as it should be now."""
        return self.lease.address if self.lease else self._static[0]

    @property
    def gateway(self) -> IPv4Address | None:
        """Where everything else goes."""
        return self.lease.gateway if self.lease else self._static[1]

    def look(self, now: float, *, connected: bool) -> tuple[Act, ...]:
        """What is due now."""
        acts: list[Act] = []
        if connected != self.connected:
            self.connected = connected
            self.gauge = Gauge(now)
            acts += self._plugged(now)
        if self.client:
            acts += self.client.woken(now)
        return (*acts, *self._measured(now))

    def heard(self, message: Message, now: float) -> tuple[Act, ...]:
        """A DHCP server said something."""
        acts = self.client.heard(message, now) if self.client else ()
        return (*acts, *self._measured(now))

    def has(self, address: IPv4Address, now: float) -> tuple[Act, ...]:
        """Somebody else on the cable said that they have this address."""
        if address == self._gateway:
            self.gauge.answered(now)
        checked = self.client.checked if self.client else None
        return self.client.taken_by_other(now) if self.client and address == checked else ()

    def again(self, now: float) -> tuple[Act, ...]:
        """The owner wants it tried now."""
        self.gauge.look_now(now)
        return self.client.again(now) if self.client else ()

    def released(self, now: float) -> tuple[Act, ...]:
        """Another slice follows, or none."""
        return self.client.released(now) if self.client else ()

    def stand(self, now: float) -> tuple[Stand, str]:
        """How it stands, with the sentence when that is no good."""
        if not self.connected and now - self._begun < CARRIER_SECONDS:
            return Stand.ASKING, ""
        if not self.connected:
            return Stand.NO_CABLE, f"there is no cable in {self.link}, or nobody at its other end."
        if self.address is None:
            return self._without(now)
        heard = self.gauge.heard
        if heard is None:
            return Stand.LISTENING, ""
        if heard:
            return Stand.ONLINE, ""
        return Stand.SILENT, f"the gateway {self.gateway} does not answer on {self.link}."

    def _without(self, now: float) -> tuple[Stand, str]:
        """How it stands without an address."""
        assert self.client
        if self.client.refused:
            return Stand.REFUSED, f"what was offered on {self.link} is refused, because " + (
                self.client.refused
            )
        if now - self.client.silent_since >= WORRY_SECONDS:
            why = f"no answer to DHCP on {self.link} for {WORRY_SECONDS:.0f} s."
            return Stand.UNANSWERED, why
        return Stand.ASKING, ""

    def _plugged(self, now: float) -> tuple[Act, ...]:
        if self.client and self.connected:
            return self.client.connected(now)
        if self.client:
            self.client.cut(now)
        return ()

    def _measured(self, now: float) -> tuple[Act, ...]:
        """Ask the gateway when it is time to; another gateway begins a new record."""
        if self.gateway != self._gateway:
            self._gateway, self.gauge = self.gateway, Gauge(now)
        address = self.address
        if not self.connected or self._gateway is None or address is None:
            return ()
        return (Ask(self._gateway, address.ip),) if self.gauge.woken(now) else ()
