"""What perfdhcp reports, and Kea's configuration for the same work.  Pure."""

import json
import re
from dataclasses import dataclass

EXCHANGES = re.compile(
    r"Statistics for: (?P<pair>[A-Z-]+)\*\*\*.*?"
    r"sent packets: (?P<sent>\d+)\s+received packets: (?P<received>\d+)\s+drops: (?P<drops>-?\d+)"
    r".*?avg delay: (?P<delay>[0-9.]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Load:
    """One run of perfdhcp: requests sent, four-way exchanges done, the worse share lost."""

    sent: int
    exchanges: int
    lost: float
    delay_ms: float  # DISCOVER to OFFER, mean


def load(report: str) -> Load:
    """Read perfdhcp's report.  Raises ValueError when it is none.

    What is still under way at the end counts as lost, as perfdhcp counts it.
    """
    pairs = {one["pair"]: one for one in EXCHANGES.finditer(report)}
    try:
        first, second = pairs["DISCOVER-OFFER"], pairs["REQUEST-ACK"]
    except KeyError:
        raise ValueError(f"perfdhcp reported nothing: {report[-300:]!r}") from None
    lost = [int(one["drops"]) / max(1, int(one["sent"])) for one in (first, second)]
    return Load(
        sent=int(first["sent"]) + int(second["sent"]),
        exchanges=int(second["received"]),
        lost=max(lost),
        delay_ms=float(first["delay"]),
    )


def kea_configuration(link: str, subnet: str, pool: str, leases: str) -> str:
    """kea-dhcp4 with one thread and its leases in a memfile, as fast as it goes."""
    return json.dumps(
        {
            "Dhcp4": {
                "interfaces-config": {"interfaces": [link], "dhcp-socket-type": "udp"},
                "lease-database": {"type": "memfile", "name": leases, "lfc-interval": 0},
                "multi-threading": {"enable-multi-threading": False},
                "valid-lifetime": 3600,
                "subnet4": [{"id": 1, "subnet": subnet, "pools": [{"pool": pool}]}],
                "loggers": [
                    {
                        "name": "kea-dhcp4",
                        "severity": "ERROR",
                        "output_options": [{"output": "stdout"}],
                    }
                ],
            }
        }
    )
