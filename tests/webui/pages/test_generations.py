"""Generations of a host: which is served, why, and what the owner can do about it."""

import json
import re
from contextlib import closing

import pytest
from sqlmodel import Session, select

from appliance.events import GenerationBad, GenerationGood
from appliance.store import boots, generations, journal
from appliance.store.open import writer
from appliance.store.tables import Wish
from tests.webui.home import EMBER, NOW
from tests.webui.pages.conftest import Home


def rows(html: str) -> dict[str, str]:
    """Number of a generation → its row as text."""
    found = re.findall(r'<tr role="row"><th role="rowheader".*?</tr>', html, re.DOTALL)
    told = [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in found]
    return {one.split()[0]: one for one in told}


def wished(home: Home) -> list[tuple[str, dict[str, str]]]:
    with Session(home.desk.inventory) as session:
        asked = session.exec(select(Wish).where(Wish.role == "boot")).all()
    return [(one.kind, json.loads(one.body)) for one in asked]


def test_a_bad_generation_says_on_which_machine_and_shows_its_boot(home: Home) -> None:
    html = home.get(f"/hosts/{home.ids['ember']}")
    assert "Generation 11, the last good one, is served, because generation 12 is bad." in html
    assert 'href="/boots/fell"' in html
    told = rows(html)
    assert "Bad" in told["12"]
    assert "ember fell short twice" in told["12"]
    assert "Good served" in told["11"]


def test_a_machine_says_which_generation_it_gets(home: Home) -> None:
    html = home.get(f"/machines/{home.ids['ember-machine']}")
    assert "It gets generation 11, because generation 12 is bad." in html
    assert f'href="/hosts/{home.ids["ember"]}"' in html


def test_a_host_without_generations_says_what_to_do(home: Home) -> None:
    assert "No generations yet" in home.get(f"/hosts/{home.ids['slag']}")


def test_a_host_that_cannot_be_booted_now_says_why(home: Home) -> None:
    assert "a container has no kernel" in home.get(f"/hosts/{home.ids['slag']}")
    assert "a container has no kernel" not in home.get(f"/hosts/{home.ids['ember']}")


def test_there_is_no_page_of_a_host_nobody_knows(home: Home) -> None:
    assert home.client.get(f"/hosts/{home.ids['homelab']}/nobody").status_code == 404


def test_a_source_leads_to_the_generations_of_its_hosts(home: Home) -> None:
    assert f'href="/hosts/{home.ids["ember"]}"' in home.get(f"/sources/{home.ids['homelab']}")


def test_a_boot_that_fell_short_leads_to_the_generations(home: Home) -> None:
    assert f'href="/hosts/{home.ids["ember"]}"' in home.get("/boots/fell")


@pytest.mark.parametrize(
    ("press", "number", "kind"),
    [("pin", "11", "pin"), ("try-again", "12", "try-again"), ("roll-back", "", "")],
)
def test_a_button_asks_the_boot_role(lived_in: Home, press: str, number: str, kind: str) -> None:
    host = lived_in.ids["ember"]
    html = lived_in.post(f"/hosts/{host}/{press}", number=number)
    wanted = [(kind, {"host": host, "image": f"ember{number}" * 4})] if kind else []
    assert wished(lived_in) == wanted
    if not kind:
        assert "no other generation to serve" in html


def test_a_pinned_generation_can_be_unpinned(lived_in: Home) -> None:
    host = lived_in.ids["ember"]
    with closing(writer(lived_in.state / "boot.db", boots.MIGRATIONS)) as file:
        generations.pin(file, host, "ember12" * 4, NOW)
    html = lived_in.get(f"/hosts/{host}")
    assert "Generation 12 is pinned" in html
    assert "Bad served, pinned" in rows(html)["12"]
    lived_in.post(f"/hosts/{host}/unpin")
    assert wished(lived_in) == [("unpin", {"host": host})]


def test_a_bad_generation_is_on_the_overview_until_another_is_good(lived_in: Home) -> None:
    host, instead = lived_in.ids["ember"], "The last good one, generation 11 is served from now on."
    bad = GenerationBad(host, "ember", 12, "ember12" * 4, EMBER, "fell", 2, instead)
    with closing(writer(lived_in.state / "boot.db", boots.MIGRATIONS)) as file:
        journal.append(file, bad, NOW - 60)
        needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
        assert f'href="/hosts/{host}"' in needs
        assert "Generation 12 of ember is bad: ember got it 2 times in vain" in needs
        assert instead in needs
        journal.append(file, GenerationGood(host, "ember", 13, "mended", EMBER), NOW - 5)
    assert instead not in lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]


def test_one_the_owner_set_aside_is_told_from_one_that_failed(lived_in: Home) -> None:
    with closing(writer(lived_in.state / "boot.db", boots.MIGRATIONS)) as file:
        generations.set_aside(file, lived_in.ids["anvil"], "anvil14" * 4, NOW)
    told = rows(lived_in.get(f"/hosts/{lived_in.ids['anvil']}"))
    assert "Set aside by you" in told["14"]
    assert "served" in told["13"]


def test_one_that_others_run_is_withheld_from_one_machine(lived_in: Home) -> None:
    with closing(writer(lived_in.state / "boot.db", boots.MIGRATIONS)) as file:
        generations.count_up(file, "ember12" * 4, "lan|52:54:00:00:00:09", NOW)
    html = lived_in.get(f"/hosts/{lived_in.ids['ember']}")
    assert "Generation 12, the newest, is served." in html
    assert "52:54:00:00:00:09 came up once" in rows(html)["12"]
    machine = lived_in.get(f"/machines/{lived_in.ids['ember-machine']}")
    assert "generation 12 runs elsewhere, and does not start here" in machine


def test_two_generations_are_compared(home: Home) -> None:
    html = home.get(f"/images/{home.ids['image']}/against/{home.ids['image-before']}")
    assert "linux-6.12.40" in html
    assert "<ins>+ loglevel=4</ins>" in html
    assert "<del>- quiet</del>" in html
    assert "anvil: generation 13 and generation 14</h1>" in html


def compared(home: Home) -> str:
    """The page, with plain blanks."""
    ids = home.ids
    html = home.get(f"/images/{ids['image']}/against/{ids['image-before']}")
    return html.replace("\N{NO-BREAK SPACE}", " ")


def test_the_packages_of_two_generations_are_compared(home: Home) -> None:
    html = compared(home)
    assert (
        "41 packages have other versions, one package is new, one package is gone and one package "
        "of the same version was built otherwise."
    ) in html
    assert html.index("Other versions</h3>") < html.index("New</h3>") < html.index("Gone</h3>")
    assert "74 MiB before, 117 MiB after: 43 MiB more." in html


def test_a_long_list_of_packages_is_folded(home: Home) -> None:
    html = compared(home)
    assert 'id="more-changed"' in html
    assert "29 more</summary>" in html
    assert 'id="more-added"' not in html


def test_what_nobody_noted_is_said_in_a_sentence(lived_in: Home) -> None:
    note = lived_in.state / f"published/closures/{lived_in.ids['image-before']}.json"
    note.unlink()
    html = compared(lived_in)
    assert "Nobody noted what generation 13 is made of: it is older than such notes" in html


def test_a_note_that_is_not_whole_is_none(lived_in: Home) -> None:
    note = lived_in.state / f"published/closures/{lived_in.ids['image']}.json"
    note.write_text(note.read_text()[:-40])
    assert "Nobody noted what generation 14 is made of" in compared(lived_in)


def test_no_more_packages_are_listed_than_anybody_reads(lived_in: Home) -> None:
    note = lived_in.state / f"published/closures/{lived_in.ids['image']}.json"
    paths = {f"{'9' * 32}-tool{at}-1.0": 1 for at in range(400)}
    note.write_text(json.dumps({"schema": 1, "paths": paths}))
    html = compared(lived_in)
    assert "300 more</summary>" in html
    assert "88 more. <code>nixie image compare</code> lists all." in html


def test_an_image_leads_to_the_comparison_with_the_one_before(home: Home) -> None:
    ids = home.ids
    wanted = f'href="/images/{ids["image"]}/against/{ids["image-before"]}"'
    assert wanted in home.get(f"/images/{ids['image']}")


def test_an_image_that_is_gone_is_not_compared(home: Home) -> None:
    there = home.ids["image"]
    assert home.client.get(f"/images/{there}/against/{'0' * 28}").status_code == 404


def test_a_host_says_whether_the_hardware_is_sufficient(home: Home) -> None:
    html = home.get(f"/hosts/{home.ids['anvil']}")
    assert "Is the hardware sufficient?" in html
    assert "Needs 9.0 GiB more disk while the squashfs is made" in html
    assert 'href="/storage"' in html
    assert html.index("Needs 9.0 GiB more disk") < html.index("Builds here in about 12 minutes.")


def test_before_that_is_known_nothing_is_said_of_it(home: Home) -> None:
    assert "sufficient" not in home.get(f"/hosts/{home.ids['ember']}")


def test_the_list_of_hosts_says_it_in_a_few_words(home: Home) -> None:
    assert "Needs 9.0 GiB more disk</a>" in home.get(f"/sources/{home.ids['homelab']}")


def test_the_page_says_how_a_host_is_pushed(home: Home) -> None:
    html = home.get(f"/hosts/{home.ids['ember']}")
    assert "nixie host push .#ember --to homelab/ember --url http://127.0.0.1" in html
    assert "nixos-rebuild switch" in html
