"""The way out by PPPoE as `wan` sees it: what pppd reports, and what that means for the owner.

A machine without any I/O; times are CLOCK_BOOTTIME seconds.
"""

from collections.abc import Mapping
from ipaddress import IPv4Interface
from typing import Final

from appliance.model.slices import WanSlice
from appliance.model.way import Lease, Stand
from services.pppoe.report import Over, Report, Up

WORRY_SECONDS: Final = 30.0  # without a session: three questions of pppd's for a server
CARRIER_SECONDS: Final = 5.0  # `net` switches the card on, and it has to agree with a switch
UNABLE: Final = (
    "this kernel has no PPPoE. Boot one that has it (Debian: linux-image-amd64 instead of its "
    "cloud variant), or let the provider’s own modem keep the session."
)
KERNEL, TOLD, NO_SERVER, DISAGREED, DEAD, DENIED = 4, 5, 8, 10, 15, 19
"""pppd(8), EXIT STATUS."""
WHY: Mapping[int, tuple[Stand, str]] = {
    KERNEL: (Stand.UNABLE, UNABLE),
    TOLD: (Stand.ASKING, ""),  # by the supervisor; it starts again
    NO_SERVER: (
        Stand.UNANSWERED,
        "no PPPoE server answers on {cable}. Ask the provider whether it is PPPoE, and whether it "
        "wants a VLAN tag.",
    ),
    DISAGREED: (
        Stand.UNANSWERED,
        "the provider’s PPPoE server and this router do not come to terms; the log pppd says more.",
    ),
    DEAD: (Stand.SILENT, "the provider fell silent, so the PPPoE session is begun anew."),
    DENIED: (
        Stand.DENIED,
        "the provider does not accept the user name {user} with its password. Type both again as "
        "in the provider’s letter.",
    ),
}
ENDED: Final = (Stand.SILENT, "the provider ended the PPPoE session; it is begun anew.")


class Session:
    """One slice at work; a new slice makes a new session."""

    def __init__(self, wan: WanSlice, now: float, *, able: bool) -> None:
        """`able`: can this kernel do it at all?"""
        assert wan.pppoe
        self.link, self.name = wan.link, wan.pppoe.name
        self._one, self._lans, self._begun, self._able = wan.pppoe, wan.lans, now, able
        self._connected, self._report = False, None
        self._silent_since = now

    _report: Report | None

    @property
    def lease(self) -> Lease | None:
        """What the session gave; None without one, or when it cannot be used."""
        up = self._report
        if not isinstance(up, Up) or self._clash(up):
            return None
        return Lease(
            address=IPv4Interface(up.local),
            server=up.remote,
            gateways=(up.remote,),
            name_servers=up.name_servers,
            mtu=up.mtu or self._one.mtu,
        )

    @property
    def taken_at(self) -> float:
        """When the session began."""
        return self._report.since if isinstance(self._report, Up) else self._silent_since

    def look(self, report: Report | None, now: float, *, connected: bool) -> None:
        """This is how it is now."""
        if isinstance(self._report, Up) and not isinstance(report, Up):
            self._silent_since = now
        self._report, self._connected = report, connected

    def stand(self, now: float) -> tuple[Stand, str]:
        """How it stands, with the sentence when that is no good."""
        up = self._report
        if isinstance(up, Up):
            clash = self._clash(up)
            return (Stand.REFUSED, clash) if clash else (Stand.ONLINE, "")
        if not self._able:
            return Stand.UNABLE, UNABLE
        if not self._connected and now - self._begun >= CARRIER_SECONDS:
            cable = self._one.cable
            return Stand.NO_CABLE, f"there is no cable in {cable}, or nobody at its other end."
        if isinstance(up, Over):
            stand, why = WHY.get(up.code, ENDED)
            return stand, why.format(cable=self._one.cable, user=self._one.user)
        if now - self._silent_since >= WORRY_SECONDS:
            stand, why = WHY[NO_SERVER]
            return stand, why.format(cable=self._one.cable)
        return Stand.ASKING, ""

    def _clash(self, up: Up) -> str:
        """Why the address cannot be used; "" when it can."""
        for name, network in self._lans:
            if up.local in network:
                return f"the provider gives {up.local}, which is in your network {name}."
        return ""
