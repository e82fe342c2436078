import json

from appliance.store.standing.open import Writer
from services.supervisor.child import Child, Patience
from services.supervisor.status import Line, status

WRITER = Writer(1, 7_000, "9c1f")


def test_the_status_tells_of_each_process() -> None:
    child = Child("dhcp", Patience())
    child.started(7, 0.0)
    told = json.loads(
        status(
            WRITER, [Line(child, ("pxe.a",), {"dhcp.a": "Taken."})], ["Lower."], [(5.0, "It ran.")]
        )
    )
    assert told == {
        "pid": 1,
        "began": 7_000,
        "boot": "9c1f",
        "roles": {
            "dhcp": {
                "state": "is starting",
                "pid": 7,
                "restarts": 0,
                "why": "",
                "sockets": ["pxe.a"],
                "problems": {"dhcp.a": "Taken."},
            }
        },
        "walls": ["Lower."],
        "events": [[5.0, "It ran."]],
    }
