from ipaddress import IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.facts import Delegation
from services.delegation.report import LONGEST_SECONDS, delegation

REPORT = """\
boot=0f6a
uptime=100.25
new_dhcp6_ia_pd1_prefix1=2001:db8:42::
new_dhcp6_ia_pd1_prefix1_length=56
new_dhcp6_ia_pd1_prefix1_pltime=1800
new_dhcp6_ia_pd1_prefix1_vltime=3600
"""
SECOND = """\
new_dhcp6_ia_pd1_prefix2=2001:db8:77::
new_dhcp6_ia_pd1_prefix2_length=56
new_dhcp6_ia_pd1_prefix2_pltime=1800
new_dhcp6_ia_pd1_prefix2_vltime=7200
"""
OLD, NEW = IPv6Network("2001:db8:42::/56"), IPv6Network("2001:db8:77::/56")


def test_a_report_ages() -> None:
    found = delegation(REPORT, boot="0f6a", uptime=400.5)
    assert found == Delegation(OLD, 1500, 3300)


def test_a_report_of_another_start_of_the_machine_says_nothing() -> None:
    assert delegation(REPORT, boot="77aa", uptime=400.0) is None


def test_a_prefix_whose_life_is_over_is_none() -> None:
    assert delegation(REPORT, boot="0f6a", uptime=3_700.5) is None


def test_of_two_prefixes_the_one_that_lives_longer_is_taken() -> None:
    found = delegation(REPORT + SECOND, boot="0f6a", uptime=100.25)
    assert found
    assert found.prefix == NEW


def test_a_prefix_for_ever_is_long_enough() -> None:
    for_ever = REPORT.replace("3600", "4294967295")
    found = delegation(for_ever, boot="0f6a", uptime=200.0)
    assert found
    assert found.valid_seconds == LONGEST_SECONDS


@pytest.mark.parametrize(
    "text", ["", "boot=0f6a\n", REPORT.replace("56", "x"), "boot=0f6a\nuptime="]
)
def test_what_makes_no_sense_is_no_delegation(text: str) -> None:
    assert delegation(text, boot="0f6a", uptime=200.0) is None


@pytest.mark.parametrize("uptime", ["inf", "-inf", "nan", "1e999", ""])
def test_a_report_of_no_time_says_nothing(uptime: str) -> None:
    told = REPORT.replace("uptime=100.25", f"uptime={uptime}")
    assert delegation(told, boot="0f6a", uptime=200.0) is None


@pytest.mark.parametrize(
    ("prefix", "length"), [("::", 0), ("fe80::", 10), ("ff00::", 8), ("2000::", 3), ("::", 96)]
)
def test_what_nobody_can_lend_is_not_taken(prefix: str, length: int) -> None:
    told = REPORT.replace("2001:db8:42::", prefix).replace("length=56", f"length={length}")
    assert delegation(told, boot="0f6a", uptime=200.0) is None


def test_a_provider_may_lend_what_is_local() -> None:
    told = REPORT.replace("2001:db8:42::", "fd42::")
    assert delegation(told, boot="0f6a", uptime=200.0) is not None


VALUES = st.text(max_size=12) | st.sampled_from(("0f6a", "1e400", "2001:db8::", "56", "4294967295"))


@given(st.dictionaries(st.sampled_from([line.split("=")[0] for line in REPORT.split()]), VALUES))
def test_no_report_does_anything_but_lend_or_not(said: dict[str, str]) -> None:
    told = "".join(f"{name}={value}\n" for name, value in ({"boot": "0f6a"} | said).items())
    found = delegation(told, boot="0f6a", uptime=200.0)
    assert found is None or found.valid_seconds > 0


@given(st.text())
def test_no_text_does_more(told: str) -> None:
    assert delegation(told, boot="0f6a", uptime=200.0) is None
