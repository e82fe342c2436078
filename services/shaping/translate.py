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
    told = inside(message.get("options"))
    return Cake(
        kbit=told.get("TCA_CAKE_BASE_RATE64", 0) * 8 // 1000,
        fair=FAIRNESS.get(told.get("TCA_CAKE_FLOW_MODE", 0), ""),
        overhead=told.get("TCA_CAKE_OVERHEAD", 0),
        least=told.get("TCA_CAKE_MPU", 0),
        cells=CELLS.get(told.get("TCA_CAKE_ATM", 0), ""),
    )


def headed_to(message: Message) -> int:
    """The interface to which a filter sends what it sees; 0 for one that sends nothing away."""
    for act in inside(inside(message.get("options")).get("TCA_MATCHALL_ACT")).values():
        told = inside(inside(act).get("TCA_ACT_OPTIONS")).get("TCA_MIRRED_PARMS")
        if told:
            return int(told["ifindex"])
    return 0


def inside(nested: Any) -> Mapping[str, Any]:
    """What a message has inside, by the kernel's own names; nothing for nothing."""
    return {one[0]: one[1] for one in nested["attrs"]} if nested else {}


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
