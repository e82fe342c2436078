import pytest

from appliance.model.dns import Record
from services.dns.records import Stored, alias, rdata, spliced
from services.dns.wire import Malformed
from tests.services.dns.packets import query, reply


def stored(kind: str, value: str) -> Stored:
    return Stored("a.lan", *rdata(Record("a", kind, value)), 60)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("A", "10.77.0.9"),
        ("AAAA", "fd00::9"),
        ("CNAME", "nas.lan."),
        ("MX", "10 mail.lan."),
        ("TXT", '"x"'),
        ("SRV", "0 5 5060 phone.lan."),
    ],
)
def test_a_record_says_what_the_owner_wrote(kind: str, value: str) -> None:
    assert str(stored(kind, value.strip('"')).data) == value


def test_a_v4_address_inside_of_a_v6_one_is_read() -> None:
    assert str(stored("AAAA", "::ffff:192.0.2.1").data) == "::ffff:c000:201"


def test_an_alias_is_what_it_points_to() -> None:
    assert alias(stored("CNAME", "nas.lan.")) == "nas.lan"


def test_an_alias_stands_before_what_it_leads_to() -> None:
    told = reply("www.example.com. 60 IN A 192.0.2.7")
    made = spliced([stored("CNAME", "www.example.com")], told, query().question, query("a.lan"))
    assert made.counts == (2, 0, 0)
    assert made.start == query("a.lan").end


def test_a_broken_answer_behind_an_alias_is_refused() -> None:
    told = reply("www.example.com. 60 IN A 192.0.2.7")
    told.records = told.records[:5]
    with pytest.raises(Malformed):
        spliced([stored("CNAME", "www.example.com")], told, query().question, query("a.lan"))
