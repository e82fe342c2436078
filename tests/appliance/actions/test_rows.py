from dataclasses import fields, replace
from ipaddress import IPv4Interface
from typing import Any

import pytest

from appliance.actions.firewall import FORWARDS, ROUTES, RULES
from appliance.actions.names import FORWARDINGS, OWN_RECORDS
from appliance.actions.refusals import Unknown
from appliance.actions.rows import Rows, said
from appliance.errors import Refused
from appliance.model.config import Network, RouterConfig
from appliance.model.dns import Dns, Record

NAS, SITE = Record("nas", "A", "10.77.0.9"), Record("site", "CNAME", "www.example.com")
CONFIG = RouterConfig(
    (Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24")),),
    dns=Dns(records=(NAS, SITE)),
)
KEY = ("nas", "A", "10.77.0.9")


def test_a_row_that_lies_deep_is_put_in_where_the_one_before_it_was() -> None:
    stored = {"name": "store", "kind": "A", "value": "10.77.0.9"}
    found = OWN_RECORDS.saved(CONFIG, KEY, stored)
    assert found.dns.records == (Record("store", "A", "10.77.0.9"), SITE)


def test_all_else_stays_as_it_was() -> None:
    found = OWN_RECORDS.without(CONFIG, KEY)
    assert found == replace(CONFIG, dns=replace(CONFIG.dns, records=(SITE,)))


def test_the_last_row_cannot_be_moved_further() -> None:
    assert OWN_RECORDS.moved(CONFIG, ("site", "CNAME", "www.example.com"), 1) == CONFIG


def test_a_row_is_found_by_all_the_words_of_its_key() -> None:
    with pytest.raises(Unknown, match=r"^The record AAAA of nas is not there\.$"):
        OWN_RECORDS.at(CONFIG, ("nas", "AAAA", "10.77.0.9"))


def test_a_problem_has_its_place_in_the_configuration() -> None:
    with pytest.raises(Refused) as caught:
        OWN_RECORDS.saved(CONFIG, (), {"name": "nas", "kind": "A", "value": 7})
    assert caught.value.problems[0].where[:3] == ("dns", "records", 2)


@pytest.mark.parametrize("rows", [RULES, FORWARDS, ROUTES, OWN_RECORDS, FORWARDINGS])
def test_every_kind_is_where_it_says(rows: Rows[Any]) -> None:
    assert isinstance(rows.of(CONFIG), tuple)
    assert set(rows.words) <= {one.name for one in fields(rows.kind)}


def test_what_is_to_become_of_a_row_is_a_sentence() -> None:
    route = {"destination": "10.9.0.0/16", "gateway": "10.77.0.2", "metric": 20}
    assert said(ROUTES, (), route) == "The route to 10.9.0.0/16 with metric 20 is to be added."
    assert said(RULES, ("bedtime",), {"id": "night"}) == "The rule bedtime is to be changed."
