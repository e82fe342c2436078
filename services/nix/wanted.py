"""Which sources are looked at because a machine that boots waits for the newest.

Pure.  A wish is acted on once; after a restart it is known to be done by the time of the last look.
"""

from collections.abc import Mapping

from appliance.store.builds import SourceStateRow

WANTED_SECONDS = 3600.0
"""No machine waits longer."""


def due(
    wanted: Mapping[str, float],
    acted: Mapping[str, float],
    known: Mapping[str, SourceStateRow],
    now: float,
) -> dict[str, str]:
    """Host → source, of those to look at now; `acted` has the times that were acted on."""
    return {
        host: host.partition("/")[0]
        for host, at in wanted.items()
        if now - at < WANTED_SECONDS
        and acted.get(host, 0.0) < at
        and _looked_before(known.get(host.partition("/")[0]), at)
    }


def _looked_before(row: SourceStateRow | None, at: float) -> bool:
    return row is not None and row.state != "removed" and (row.checked_at or 0.0) < at
