import pytest

from appliance import events
from appliance.events import (
    KINDS,
    ForeignServer,
    ForeignServerGone,
    LinkMissing,
    LinkReturned,
    PoolEmpty,
    RevisionApplied,
    RevisionRefused,
)
from appliance.plan.slices import cut
from appliance.store import boots, builds, journal, leases, trials
from appliance.store.journal import Entry
from appliance.store.open import writer
from appliance.store.reads import Reads
from tests.webui.home import CONFIG, EMBER, MINUTE, NOW
from tests.webui.pages.conftest import Home
from webui.pages import happened, networks, troubles

FOREIGN = ForeignServer("lan", "10.77.0.254", "00:11:32:aa:bb:cc")
WRITTEN = {
    "boot": boots.MIGRATIONS,
    "build": builds.MIGRATIONS,
    "leases": leases.MIGRATIONS,
    "net": trials.MIGRATIONS,
}
NOBODY = happened.names((), ())


def told(home: Home, file: str, *told: tuple[float, events.Event]) -> None:
    """Roles write events, so many seconds ago."""
    connection = writer(home.state / f"{file}.db", WRITTEN[file])
    for ago, event in told:
        journal.append(connection, event, NOW - ago)
    connection.close()


def standing(*entries: tuple[float, events.Event]) -> list[events.Event]:
    newest_first = sorted(entries, key=lambda one: one[0])
    found = [Entry(n, NOW - ago, event) for n, (ago, event) in enumerate(newest_first)]
    return [entry.event for entry in troubles.standing(found, NOW)]


def test_another_server_is_there_until_it_is_gone() -> None:
    gone = ForeignServerGone("lan", "10.77.0.254")
    assert standing((9000, FOREIGN)) == [FOREIGN]
    assert standing((60, gone), (9000, FOREIGN)) == []


def test_another_server_that_came_back_is_there() -> None:
    assert standing((60, FOREIGN), (90, ForeignServerGone("lan", "10.77.0.254"))) == [FOREIGN]


def test_what_ends_on_one_network_goes_on_on_the_other() -> None:
    assert standing((60, ForeignServerGone("lab", "10.77.0.254")), (90, FOREIGN)) == [FOREIGN]


def test_a_port_is_missing_until_that_port_is_back() -> None:
    missing = LinkMissing("lan", "enp2s0")
    assert standing((10, LinkReturned("lan", "enp3s0")), (90, missing)) == [missing]
    assert standing((10, LinkReturned("lan", "enp2s0")), (90, missing)) == []


def test_a_refused_change_is_over_when_one_is_applied() -> None:
    refused = RevisionRefused(7, "The bridge is busy.")
    assert standing((90, refused)) == [refused]
    assert standing((10, RevisionApplied(8)), (90, refused)) == []


def test_what_is_told_again_and_again_is_over_when_it_is_told_no_more() -> None:
    empty = PoolEmpty("lan", EMBER)
    assert standing((60, empty)) == [empty]
    assert standing((3600, empty)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_told_or_known_to_be_a_step(kind: str) -> None:
    told = {one for kinds in happened.TONES.values() for one in kinds}
    assert (KINDS[kind] in told) != (KINDS[kind] in happened.QUIET)


def test_everything_that_is_wrong_is_also_told() -> None:
    assert {kind.__name__ for kind in troubles.RULES} <= happened.LOUD


def test_another_server_is_on_the_overview_with_its_address(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN))
    html = lived_in.get("/")
    needs = html.partition('class="needs"')[2].partition("</ul>")[0]
    assert "Another DHCP server, 10.77.0.254, answers on lan." in needs
    assert "00:11:32:aa:bb:cc" in needs
    assert 'href="/networks#net-lan"' in needs
    assert ">Another DHCP server answers. kiln is booting.</h1>" in html


def test_a_server_that_is_gone_is_not_on_the_overview(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN), (60, ForeignServerGone("lan", "10.77.0.254")))
    needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert "10.77.0.254" not in needs


def test_a_machine_is_called_by_its_name(lived_in: Home) -> None:
    told(lived_in, "leases", (60, PoolEmpty("lan", EMBER)))
    assert "ember got no address: the pool of lan is used up." in lived_in.get("/")


def test_the_answer_beside_another_server_is_a_revision(lived_in: Home) -> None:
    told(lived_in, "leases", (300, FOREIGN))
    assert ">Answer beside it</button>" in lived_in.get("/networks")
    html = lived_in.post("/networks/lan/beside", answer="yes")
    assert "Revision 2 is on its way" in html
    assert "A change of this is on its way." in html
    row = Reads(lived_in.state).revision()
    assert row is not None
    assert '"answer_beside_others": true' in row.config


def test_what_was_decided_wants_nobody() -> None:
    slices = cut(networks.answering(CONFIG, "lan", yes=True), 2, {})
    found = troubles.present([Entry(1, NOW, FOREIGN)], slices, NOBODY, NOW)
    assert found == []


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
    told(lived_in, "leases", (7 * MINUTE, FOREIGN), (60, PoolEmpty("lan", EMBER)))
    html = lived_in.get("/changes/happened")
    sentences = ["ember got no address", "Another DHCP server", "Generation 12 of ember"]
    places = [html.index(one) for one in sentences]
    assert places == sorted(places)


def test_steps_on_the_way_are_not_listed(lived_in: Home) -> None:
    told(lived_in, "build", (60, events.BuildStepped("b1", "crucible", "linking")))
    assert "linking" not in lived_in.get("/changes/happened")
