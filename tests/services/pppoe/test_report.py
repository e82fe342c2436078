from ipaddress import IPv4Address
from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from services.pppoe.report import Over, Up, report

UP = "boot=b1\nuptime=12.5\nstate=up\nsession=wan0/s/\nlocal=203.0.113.5\nremote=203.0.113.1\n"


def read(text: str, boot: str = "b1", session: str = "wan0/s/") -> object:
    return report(text, boot=boot, session=session)


def test_a_session_that_is_up_has_its_addresses() -> None:
    servers = "dns1=192.0.2.53\ndns2=192.0.2.53\n"
    found = read(UP + servers)
    local, remote, one = map(IPv4Address, ("203.0.113.5", "203.0.113.1", "192.0.2.53"))
    assert found == Up(local, remote, (one,), 12.5)


def test_a_session_has_the_packets_that_both_ends_agreed_on() -> None:
    found = read(UP + "mtu=1454\n")
    assert isinstance(found, Up)
    assert found.mtu == 1454


def test_a_provider_need_not_name_servers() -> None:
    found = read(UP + "dns1=\ndns2=\n")
    assert isinstance(found, Up)
    assert found.name_servers == ()


def test_how_pppd_ended_is_its_code() -> None:
    assert read("boot=b1\nuptime=3\nstate=ended\nsession=wan0/s/\ncode=19\n") == Over(19)


def test_an_earlier_start_of_the_machine_says_nothing() -> None:
    assert read(UP, boot="b2") is None


def test_another_session_says_nothing() -> None:
    assert read(UP, session="wan0/t/") is None


def test_half_a_report_says_nothing() -> None:
    assert read(UP.replace("local=203.0.113.5", "local=")) is None
    assert read("") is None


NAMES = ("state", "local", "remote", "dns1", "dns2", "uptime", "code")
VALUES = st.text(max_size=12) | st.sampled_from(("up", "ended", "203.0.113.5", "inf", "1e999", "7"))


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_no_report_does_anything_but_tell_or_not(said: dict[str, str]) -> None:
    whole = {"boot": "b1", "session": "wan0/s/"} | said
    found = read("".join(f"{name}={value}\n" for name, value in whole.items()))
    assert (
        found is None
        or isinstance(found, Over)
        or (isinstance(found, Up) and isfinite(found.since))
    )


@given(st.text())
def test_no_text_does_more(told: str) -> None:
    assert read(told) is None
