import pytest

from appliance.errors import Refused
from services.lab.topology import Names, inside, isp_server, plugged, raised, removed, tap_name


def test_every_namespace_is_made_before_anything_is_put_into_it() -> None:
    made: set[str] = set()
    for command in raised(Names("nxt")):
        if command[:2] == ("netns", "add"):
            made.add(command[2])
        else:
            used = {word for word in command if word.startswith("nxt-")}
            assert used <= made


def test_the_router_has_a_port_to_the_lan_and_one_to_the_isp() -> None:
    cables = {
        command[2]: command[4] for command in raised(Names("nxt")) if command[:2] == ("link", "add")
    }
    assert cables == {"lan0": "nxt-router", "wan0": "nxt-router"}


def test_only_what_is_there_is_removed() -> None:
    assert removed(Names("nxt"), ["nxt-lan", "nxother-lan", "blue"]) == (
        ("netns", "delete", "nxt-lan"),
    )


def test_a_machine_is_plugged_into_the_switch() -> None:
    assert plugged(Names("nxt"), tap_name(3)) == (
        ("-n", "nxt-lan", "tuntap", "add", "tap3", "mode", "tap"),
        ("-n", "nxt-lan", "link", "set", "tap3", "master", "switch"),
        ("-n", "nxt-lan", "link", "set", "tap3", "addrgenmode", "none"),
        ("-n", "nxt-lan", "link", "set", "tap3", "up"),
    )


@pytest.mark.parametrize("prefix", ["", "lab", "nx_lab", "nx/../x", "nx" + "a" * 21, "NXLAB"])
def test_a_prefix_that_is_not_ours_is_refused(prefix: str) -> None:
    with pytest.raises(Refused, match="not a prefix for a lab"):
        Names(prefix)


def test_what_runs_inside_ends_with_the_one_who_started_it() -> None:
    assert inside("nxt-isp", ["sleep", "9"]) == (
        "ip", "netns", "exec", "nxt-isp", "setpriv", "--pdeathsig", "KILL", "--", "sleep", "9",
    )  # fmt: skip


def test_the_isp_reads_no_file_of_the_computer_it_runs_on() -> None:
    command = isp_server("dnsmasq", "leases")
    assert {"--conf-file=/dev/null", "--no-resolv", "--no-hosts"} <= set(command)
