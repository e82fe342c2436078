"""run/supervisor.json: what pages and the command line show of the processes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from appliance.store.standing.open import Writer
from services.supervisor.child import Child


@dataclass(frozen=True, slots=True)
class Line:
    """One process: its machine, the sockets it has, and why others are missing, by name."""

    child: Child
    sockets: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)


def status(
    by: Writer,
    lines: Iterable[Line],
    walls: Iterable[str],
    events: Iterable[tuple[float, str]],
) -> str:
    """The file's text: `by` whom, `roles` by name, `walls` that are lower, the last `events` as
    (unix seconds, sentence)."""
    found = {
        **asdict(by),
        "roles": {
            line.child.name: {
                "state": line.child.state.value,
                "pid": line.child.pid,
                "restarts": line.child.restarts,
                "why": line.child.why,
                "sockets": sorted(line.sockets),
                "problems": dict(line.problems),
            }
            for line in lines
        },
        "walls": list(walls),
        "events": list(events),
    }
    return json.dumps(found, indent=1)
