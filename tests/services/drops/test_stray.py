from dataclasses import replace
from ipaddress import IPv4Address

from appliance.events import say
from appliance.model.foreign import BUILDERS, Foreign, Source
from services.drops.stray import BUILDS, FETCHES, QUIET_SECONDS, Doing, Strays
from services.drops.wire import Held

USERS = (("fetch", 61111), ("fetch-1", 61131))
FOREIGN = Foreign(users=USERS, sources=(Source("s1", "git+http://git.lan/x", ()),))
ROUTER, METADATA = IPv4Address("10.77.0.1"), IPv4Address("169.254.169.254")
PACKET = Held("foreign", 0, 2, "", ROUTER, METADATA, "tcp", 80, 61111)


def strays(doing: Doing) -> Strays:
    return Strays(lambda: FOREIGN, lambda: doing)


def test_a_user_of_its_own_names_the_source() -> None:
    (event,) = strays(Doing(fetched=("s2", "s3"))).met(replace(PACKET, uid=61131), 0.0)
    assert (event.source, event.target, event.way) == ("s1", "169.254.169.254, port 80", FETCHES)


def test_what_is_fetched_at_that_moment_is_named_otherwise() -> None:
    (event,) = strays(Doing(fetched=("s2",), built=("s9",))).met(PACKET, 0.0)
    assert event.source == "s2"
    assert say(event).startswith(
        "What fetches for this source tried to reach 169.254.169.254, port 80 in your network"
    )


def test_of_several_each_is_told() -> None:
    found = strays(Doing(fetched=("s2", "s3"))).met(PACKET, 0.0)
    assert [one.source for one in found] == ["s2", "s3"]
    assert "one of 2 sources" in found[0].work


def test_a_build_names_its_source() -> None:
    build = replace(PACKET, uid=BUILDERS[0] + 7)
    (event,) = strays(Doing(fetched=("s2",), built=("s9",))).met(build, 0.0)
    assert (event.source, event.way) == ("s9", BUILDS)


def test_the_same_is_told_once_in_a_while() -> None:
    here = strays(Doing(fetched=("s2",)))
    assert len(here.met(PACKET, 0.0)) == 1
    assert here.met(PACKET, QUIET_SECONDS - 1) == ()
    assert len(here.met(replace(PACKET, port=443), 1.0)) == 1
    assert len(here.met(PACKET, QUIET_SECONDS)) == 1


def test_nobodys_packet_is_nobodys_event() -> None:
    assert strays(Doing(fetched=("s2",))).met(replace(PACKET, uid=None), 0.0) == ()
