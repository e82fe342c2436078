import re
from contextlib import closing

import pytest

from appliance.actions import draft
from appliance.model.dns import Blocking, BlockList, Dns
from appliance.store import names
from tests.webui.pages.conftest import Home
from webui.pages.name_forms import placed
from webui.pages.name_rows import lead, paused


def dns(home: Home) -> Dns:
    return draft.edited(home.desk).dns


def test_the_servers_are_shown_with_how_they_do(home: Home) -> None:
    said = home.get("/names")
    assert "dns.quad9.net, encrypted" in said
    assert "14 ms" in said
    assert "Silent" in said


def test_each_pool_says_how_much_of_it_is_given(home: Home) -> None:
    assert re.search(r"10\.77\.0\.\d+ – 10\.77\.0\.\d+, \d+ of \d+ given", home.get("/names"))


def test_each_part_says_in_its_tab_how_much_it_has(lived_in: Home) -> None:
    lived_in.post("/names/own", name="nas", kind="A", value="10.77.0.9")
    said = lived_in.get("/names")
    assert "Your own names <b>1</b>" in said
    assert '<a href="/names" id="part-1" aria-current="page">' in said


@pytest.mark.parametrize("part", ["", "/servers", "/own", "/blocking", "/asked"])
def test_every_part_leads_to_all_the_others(home: Home, part: str) -> None:
    said = home.get(f"/names{part}")
    found = re.findall(r'<a href="(/names[^"]*)" id="part-\d"( aria-current="page")?>', said)
    assert len(found) == 5
    assert [href for href, current in found if current] == [f"/names{part}"]


def test_a_list_that_could_not_be_fetched_says_why(home: Home) -> None:
    assert "lists.example says 404." in home.get("/names")


def test_a_server_is_put_into_the_draft(lived_in: Home) -> None:
    lived_in.post("/names/servers", upstreams="9.9.9.9 dns.quad9.net\n1.1.1.1\n")
    found = [(str(one.address), one.tls_name) for one in dns(lived_in).upstreams]
    assert found == [("9.9.9.9", "dns.quad9.net"), ("1.1.1.1", None)]


def test_a_server_that_is_none_is_told_beside_its_field(lived_in: Home) -> None:
    said = lived_in.post("/names/servers", upstreams="nine")
    assert "is not an IPv4 or IPv6 address" in said
    assert 'aria-describedby="upstreams-hint upstreams-e"' in said
    assert ">nine</textarea>" in said


GUEST = {"name": "guest", "address": "10.78.0.1/24", "gives": "", "netboot": "yes", "six": "yes"}


def test_a_server_by_ipv6_is_put_into_the_draft(lived_in: Home) -> None:
    lived_in.post("/networks/new", **GUEST)
    typed = "2620:fe::fe dns.quad9.net\n2606:4700:4700::1111\n"
    lived_in.post("/names/servers", upstreams=typed)
    found = [(str(one.address), one.tls_name) for one in dns(lived_in).upstreams]
    assert found == [("2620:fe::fe", "dns.quad9.net"), ("2606:4700:4700::1111", None)]
    assert "2620:fe::fe (dns.quad9.net, encrypted), 2606:4700:4700::1111" in lived_in.get(
        "/changes/review"
    )


def test_a_server_by_ipv6_where_nothing_has_ipv6_is_told_beside_its_field(lived_in: Home) -> None:
    said = lived_in.post("/names/servers", upstreams="2620:fe::fe")
    assert "No network has IPv6, so the router has no way to 2620:fe::fe" in said
    assert ">2620:fe::fe</textarea>" in said


def test_a_record_comes_and_goes(lived_in: Home) -> None:
    said = lived_in.post("/names/own", name="NAS.", kind="A", value="10.77.0.9")
    assert "Remove the A record of nas, 10.77.0.9" in said
    lived_in.post("/names/own", name="nas", kind="A", value="10.77.0.9", remove="yes")
    assert dns(lived_in).records == ()


def test_a_record_with_an_odd_value_is_told_beside_it(lived_in: Home) -> None:
    said = lived_in.post("/names/own", name="nas", kind="AAAA", value="10.77.0.9")
    assert "write it like fd00::9" in said
    assert 'value="nas"' in said


def test_a_domain_gets_servers_of_its_own(lived_in: Home) -> None:
    said = lived_in.post("/names/servers/domains", domain="Corp.Example", servers="10.9.9.9")
    assert "Ask for corp.example like for any other domain" in said
    lived_in.post("/names/servers/domains", domain="corp.example", remove="yes")
    assert dns(lived_in).forwardings == ()


def test_a_domain_without_servers_is_told(lived_in: Home) -> None:
    assert "Nobody is named" in lived_in.post("/names/servers/domains", domain="a.b", servers="")


def test_blocking_is_put_into_the_draft(lived_in: Home) -> None:
    lived_in.post(
        "/names/blocking",
        lists="https://lists.example/hosts",
        names="Ads.example, tracker.example",
        allowed="good.example",
        exempt="52-54-00-AB-00-01",
        refresh_hours="12",
    )
    assert dns(lived_in).blocking == Blocking(
        (BlockList("https://lists.example/hosts"),),
        ("ads.example", "tracker.example"),
        ("good.example",),
        ("52:54:00:ab:00:01",),
        12,
    )


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("lists", "ftp://a/b", "does not fit"),
        ("names", "not a_name!", "does not fit"),
        ("exempt", "my-phone", "does not fit"),
        ("refresh_hours", "0", "not between"),
    ],
)
def test_what_cannot_be_blocked_is_told(lived_in: Home, field: str, value: str, what: str) -> None:
    form = {"refresh_hours": "24", field: value}
    said = lived_in.post("/names/blocking", **form)
    assert what in said
    assert f'id="{field}-e"' in said


def test_a_name_may_lead_into_the_lan(lived_in: Home) -> None:
    lived_in.post("/names/servers/private", private_answers="plex.direct")
    assert dns(lived_in).private_answers == ("plex.direct",)


def test_a_pause_counts_down_until_it_is_ended(lived_in: Home) -> None:
    lived_in.post("/names/pause", minutes="5")
    said = lived_in.get("/names/now")
    assert 'data-left="300"' in said
    lived_in.post("/names/pause", minutes="0")
    assert "data-left" not in lived_in.get("/names/now")


def test_a_pause_of_no_length_is_refused(lived_in: Home) -> None:
    answer = lived_in.client.post("/names/pause", data={"minutes": "x"})
    assert answer.status_code == 422
    assert "A pause takes 1 to" in answer.text


def test_before_the_role_said_anything_that_is_what_is_told() -> None:
    assert lead(None) == "The names role has not said anything yet."


def test_what_was_asked_is_a_sentence() -> None:
    counts = {"asked": 0, "blocked": 2}
    said = lead(names.Standing(at=0.0, counts=counts, upstreams=(), paused_until=0.0))
    assert said == "No questions since it started, 2 blocked."


def test_a_pause_that_is_over_is_none() -> None:
    assert paused(99, 100) is None


def test_a_problem_of_a_forwardings_server_is_the_servers() -> None:
    assert placed({"dns.forwardings.0.upstreams.1.address": "No."}) == {"servers": "No."}


def test_a_name_that_is_looked_up_is_told_once_the_role_has_said_it(lived_in: Home) -> None:
    said = lived_in.post("/names/look", sought="www.example.com", record="A")
    assert "is being looked up" in said
    wish = re.findall(r"/names/now\?look=([\w-]+)", said)[0]
    with closing(names.opened(lived_in.state / "dns.db")) as own:
        names.keep_look(own, wish, "www.example.com is blocked by x.", 1.0)
    assert "www.example.com is blocked by x." in lived_in.get(f"/names/now?look={wish}")


def test_what_cannot_be_looked_up_is_told_beside_it(lived_in: Home) -> None:
    said = lived_in.post("/names/look", sought="not a name")
    assert "is no name" in said
    assert 'id="sought-e"' in said
