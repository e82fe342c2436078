import json

from services.supervisor.child import Child, Patience
from services.supervisor.status import Line, status


def test_the_status_tells_of_each_process() -> None:
    child = Child("dhcp", Patience())
    child.started(7, 0.0)
    told = json.loads(
        status(1, [Line(child, ("pxe.a",), {"dhcp.a": "Taken."})], ["Lower."], [(5.0, "It ran.")])
    )
    assert told == {
        "pid": 1,
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
