import pytest

from appliance import events
from appliance.events import KINDS, ForeignServer, ForeignServerGone, LinkMissing, PoolEmpty
from appliance.plan.slices import cut
from appliance.store import boots, builds, journal, leases, trials, ways
from appliance.store.leases import BEGINS
from appliance.store.open import writer
from appliance.store.reads import Reads
from appliance.troubles import RULES
from tests.webui.home import CONFIG, EMBER, MINUTE, NOW
from tests.webui.pages.conftest import Home
from webui.pages import happened, networks
from webui.pages.troubles import WAYS

FOREIGN = ForeignServer("lan", "10.77.0.254", "00:11:32:aa:bb:cc")
WRITTEN = {
    "boot": boots.MIGRATIONS,
    "build": builds.MIGRATIONS,
    "leases": leases.MIGRATIONS,
    "net": trials.MIGRATIONS,
    "wan": ways.MIGRATIONS,
}


def told(home: Home, file: str, *told: tuple[float, events.Event]) -> None:
    """Roles write events, so many seconds ago."""
    connection = writer(home.state / f"{file}.db", WRITTEN[file])
    for ago, event in told:
        if file == "leases":
            leases.commit(connection, (), (event,), NOW - ago)
        else:
            journal.append(connection, event, NOW - ago)
    connection.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_told_or_known_to_be_a_step(kind: str) -> None:
    told = {one for kinds in happened.TONES.values() for one in kinds}
    assert (KINDS[kind] in told) != (KINDS[kind] in happened.QUIET)


WRONG = {**RULES, **BEGINS}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_everything_that_can_be_wrong_has_a_way_out(kind: type[events.Event]) -> None:
    assert WAYS[kind].press
    assert kind.__name__ in happened.LOUD


def test_another_server_is_on_the_overview_with_its_address(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN))
    html = lived_in.get("/")
    needs = html.partition('class="needs"')[2].partition("</ul>")[0]
    assert "Another DHCP server, 10.77.0.254 (00:11:32:aa:bb:cc), is on lan." in needs
    assert 'href="/networks#net-lan"' in needs
    assert ">Another DHCP server answers. kiln is booting.</h1>" in html


def test_troubles_that_are_not_shown_are_counted(lived_in: Home) -> None:
    missing = [(60.0, LinkMissing("lan", f"enp{number}s0")) for number in range(5)]
    told(lived_in, "net", *missing)
    needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert needs.count("a port of lan, is not there") == 3
    assert "Two more troubles came up." in needs


def test_a_server_that_is_gone_is_not_on_the_overview(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN), (60, ForeignServerGone("lan", "10.77.0.254")))
    needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert "10.77.0.254" not in needs


def test_a_machine_is_called_by_its_name(lived_in: Home) -> None:
    told(lived_in, "leases", (60, PoolEmpty("lan", EMBER, 100, 100)))
    assert "ember got no address: 100 of the 100 addresses" in lived_in.get("/")


def test_the_answer_beside_another_server_is_drafted(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN))
    assert ">Answer beside it</button>" in lived_in.get("/networks")
    html = lived_in.post("/networks/lan/beside", answer="yes")
    assert "DHCP on lan is to answer beside another server." in html
    assert "1\N{NO-BREAK SPACE}change not applied" in html
    assert "This is changed, and not applied yet." in html
    row = Reads(lived_in.state).draft("local")
    assert row is not None
    assert '"answer_beside_others": true' in row.config


def test_what_was_decided_wants_nobody(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN))
    net = writer(lived_in.state / "net.db", trials.MIGRATIONS)
    trials.publish(net, cut(networks.answering(CONFIG, "lan", yes=True), 2, {}), NOW)
    net.close()
    assert "Another DHCP server" not in lived_in.get("/").partition('class="reading"')[0]
    html = lived_in.get("/networks")
    assert "10.77.0.254" in html
    assert ">Keep quiet beside others</button>" in html


def test_only_that_network_is_decided() -> None:
    changed = networks.answering(CONFIG, "lan", yes=True)
    (lan,) = changed.networks
    assert lan.dhcp is not None
    assert lan.dhcp.answer_beside_others
    assert networks.answering(changed, "lan", yes=False) == CONFIG


def test_a_network_that_is_not_there_is_named(lived_in: Home) -> None:
    answer = lived_in.client.post("/networks/lab/beside", data={"answer": "yes"})
    assert answer.status_code == 404
    assert "a network called lab" in answer.text


def test_what_happened_is_listed_newest_first(lived_in: Home) -> None:
    told(lived_in, "leases", (7 * MINUTE, FOREIGN), (60, PoolEmpty("lan", EMBER, 100, 100)))
    html = lived_in.get("/changes/happened")
    sentences = ["ember got no address", "Another DHCP server", "Generation 12 of ember"]
    places = [html.index(one) for one in sentences]
    assert places == sorted(places)


def test_steps_on_the_way_are_not_listed(lived_in: Home) -> None:
    told(lived_in, "build", (60, events.BuildStepped("b1", "crucible", "linking")))
    assert "linking" not in lived_in.get("/changes/happened")


def test_a_missing_port_is_on_the_overview(lived_in: Home) -> None:
    told(lived_in, "net", (300, LinkMissing("lan", "enp2s0")))
    needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert "enp2s0, a port of lan, is not there." in needs
    assert "enp2s0, a port of lan, is not there." in lived_in.get("/networks")


def test_what_another_server_gives_is_where_it_is_decided(lived_in: Home) -> None:
    gives = ForeignServer("lan", "10.77.0.254", "00:11:32:aa:bb:cc", "10.77.0.9/24", "a boot file")
    told(lived_in, "leases", (300, gives))
    html = lived_in.get("/networks")
    assert "Gave 10.77.0.9/24, and tells machines what to boot: a boot file." in html
    assert "00:11:32:aa:bb:cc" in html


def test_a_wish_that_was_refused_is_said(lived_in: Home) -> None:
    refused = events.WishRefused("w1", "ember waits in the queue already.")
    told(lived_in, "build", (60, refused))
    assert "ember waits in the queue already." in lived_in.get("/").partition("</ul>")[2]
