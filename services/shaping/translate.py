"""Netlink messages of queues as the plan's values.  Messages are as pyroute2 hands them out."""

from collections.abc import Mapping
from typing import Any, Final

from appliance.plan.shaping import Cake

Message = Mapping[str, Any]
HANDLE: Final = 0x78 << 16
"""The mark of a queue of ours; the kernel draws those that it names by itself from 8000 on."""
INGRESS: Final = 0xFFFF << 16  # linux/pkt_sched.h, TC_H_INGRESS's own
CELLS: Mapping[int, str] = {0: "", 1: "atm", 2: "ptm"}  # CAKE_ATM_*
FAIRNESS: Mapping[int, str] = {5: "dual-srchost", 6: "dual-dsthost"}  # CAKE_FLOW_*


def cake_of(message: Message) -> Cake | None:
    """The queue of ours that this message tells of; None for everybody else's."""
    if message.get("kind") != "cake" or message["handle"] != HANDLE:
        return None
    told: Message = message.get("options") or {}
    return Cake(
        kbit=int(told.get("base_rate64") or 0) * 8 // 1000,
        fair=FAIRNESS.get(int(told.get("flow_mode") or 0), ""),
        overhead=int(told.get("overhead") or 0),
        least=int(told.get("mpu") or 0),
        cells=CELLS.get(int(told.get("atm") or 0), ""),
    )


def headed_to(message: Message) -> int:
    """The interface to which a filter sends what it sees; 0 for one that sends nothing away."""
    options = message.get("options")
    acts = options.get("act") if options else None
    for one in acts["attrs"] if acts else ():
        parameters = one[1].get("options")
        told = parameters.get("parms") if parameters else None
        if told is not None:
            return int(told["ifindex"])
    return 0


def asked(cake: Cake, *, arrives: bool) -> dict[str, Any]:
    """How the kernel is asked for such a queue; `arrives`: of packets that the line carried
    already, which are counted as such (`ingress`)."""
    return {
        "kind": "cake",
        "handle": HANDLE,
        "bandwidth": cake.kbit * 1000,
        "flow_mode": cake.fair,
        "nat": True,  # by the addresses behind ours, not by ours
        "overhead": cake.overhead,
        "mpu": cake.least,
        "atm_mode": {"atm": True, "ptm": "ptm"}.get(cake.cells, False),
        "ingress": arrives,
        "wash": arrives,  # marks of strangers end here
        "diffserv_mode": "besteffort" if arrives else "diffserv3",
        "split_gso": True,
    }
