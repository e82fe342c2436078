"""The pages with a rack behind them: 300 machines, 200 hosts, one machine in a circle."""

import re
import shutil
import sqlite3
from collections.abc import Iterator

import pytest

from tests.webui.crowd import HOSTS, MACHINES, crowd, mac_of
from tests.webui.home import NOW, add_row
from tests.webui.pages.conftest import Furnished, Home, opened


@pytest.fixture(scope="module")
def rack(furnished: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    state = tmp_path_factory.mktemp("rack")
    shutil.copytree(furnished[0], state, dirs_exist_ok=True)
    ids = {**furnished[1], "rack": crowd(state)}
    yield from opened(state, ids)


def rows(html: str) -> list[str]:
    """The names in the list, in order."""
    return re.findall(r'<a class="go" href="/machines/[^"]+" id="m-[^"]+">([^<]+)<', html)


def chip(html: str, key: str) -> int:
    found = re.search(rf'id="chip-{key}"[^>]*>[^<]*<b>(\d+)</b>', html)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("path", ["/machines", "/", "/sources/{rack}", "/builds"])
def test_a_page_stays_small(rack: Home, path: str) -> None:
    html = rack.get(path.format(**rack.ids))
    assert len(html) < 300_000
    assert html.count("<") < 2 * 6500  # opened and closed


def test_a_page_is_compressed(rack: Home) -> None:
    answer = rack.client.get("/machines", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


def test_the_list_comes_in_pages(rack: Home) -> None:
    first, seventh = rack.get("/machines"), rack.get("/machines?page=7")
    assert rows(first)[:3] == ["anvil", "ember", "kiln"]
    assert len(rows(first)) == 50
    assert rows(seventh)[-1] == "tongs"
    assert "1 to 50 of 304." in first
    assert 'rel="next"' in first
    assert 'rel="next"' not in seventh


def test_a_page_beyond_the_last_is_the_last(rack: Home) -> None:
    assert rows(rack.get("/machines?page=999")) == rows(rack.get("/machines?page=7"))


def test_a_row_offers_no_hosts_before_it_is_asked(rack: Home) -> None:
    assert (
        "<option" not in rack.get("/machines").partition('id="known"')[2].partition("</table>")[0]
    )


def test_a_row_offers_every_host_when_it_is_asked(rack: Home) -> None:
    html = rack.get("/machines/rack-007/choose?back=/machines?q=rack")
    assert html.count('value="run:rack/node-') == HOSTS + HOSTS // 10  # and specialisations
    assert 'value="run:rack/node-007" selected' in html
    assert 'name="back" value="/machines?q=rack"' in html


def test_a_machine_that_boots_in_a_circle_takes_nobodys_last_boot(rack: Home) -> None:
    html = rack.get("/machines")
    assert chip(html, "up") == MACHINES  # all but the one, and anvil of the home
    assert chip(html, "never") == 0
    assert chip(html, "left") == 1


def test_machines_are_found_by_any_of_their_macs(rack: Home) -> None:
    assert rows(rack.get(f"/machines?q={mac_of(42).upper()}")) == ["rack-042"]


def test_machines_are_found_by_what_they_boot_next(rack: Home) -> None:
    assert rows(rack.get("/machines?q=node-150")) == ["rack-150"]


def test_a_leased_machine_is_found_by_its_mac(home: Home) -> None:
    assert rows(home.get("/machines?q=52:54:00:00:00:02")) == ["ember"]


def test_a_chip_keeps_what_is_searched(rack: Home) -> None:
    html = rack.get("/machines?q=rack-00&sort=-name")
    assert 'href="/machines?q=rack-00&amp;show=left&amp;sort=-name"' in html
    assert chip(html, "all") == 10


def test_a_search_keeps_what_is_shown(rack: Home) -> None:
    form = rack.get("/machines?show=left&sort=boot").partition('role="search"')[2]
    assert 'name="show" value="left"' in form.partition("</form>")[0]
    assert 'name="sort" value="boot"' in form.partition("</form>")[0]


def test_a_head_turns_the_order(rack: Home) -> None:
    html = rack.get("/machines?sort=-name")
    assert rows(html)[0] == "tongs"
    assert 'aria-sort="descending"' in html
    assert 'href="/machines" id="sort-name"' in html


def test_the_newest_boot_can_come_first(rack: Home) -> None:
    assert rows(rack.get("/machines?sort=boot"))[0] == "kiln"
    assert rows(rack.get("/machines?sort=-boot"))[0] != "kiln"


def test_a_live_refresh_asks_for_the_same_view(rack: Home) -> None:
    html = rack.get("/machines?q=rack&show=up&page=2")
    asks = re.search(r'hx-get="(/machines/known[^"]*)"', html)
    assert asks is not None
    again = rack.get(asks[1].replace("&amp;", "&"))
    assert rows(again) == rows(html)


def test_a_machine_that_never_ran_runs_nothing(lived_in: Home) -> None:
    lived_in.post("/machines", mac="52:54:00:00:00:99", name="shovel")
    row = lived_in.get("/machines?q=shovel").partition('data-label="Runs"')[2].partition("</td>")[0]
    assert "nothing yet" in row
    assert "Hold" not in row


def test_machines_on_trial_have_a_chip(lived_in: Home) -> None:
    file = _boots(lived_in)
    file.execute("UPDATE boot SET state = 'up', ended_at = began_at + 9 WHERE id = 'now'")
    file.close()
    html = lived_in.get("/machines?show=trial")
    assert rows(html) == ["kiln"]
    assert chip(html, "trial") == 1
    assert chip(html, "up") == 2


def test_unwatched_machines_have_a_chip(home: Home) -> None:
    assert rows(home.get("/machines?show=unwatched")) == ["tongs"]


def test_what_runs_is_seen_behind_a_long_queue(rack: Home) -> None:
    html = rack.get("/builds")
    assert "Building" in html.partition('id="run-q000"')[2]
    assert "Two builds are running, 200 wait." in html
    assert 'id="way-builds"' in html
    assert '<span class="count">202</span>' in html


def test_the_rest_of_a_long_queue_is_counted(rack: Home) -> None:
    assert "180\N{NO-BREAK SPACE}more builds" in rack.get("/builds")


def test_a_host_that_failed_is_seen_behind_a_long_queue(rack: Home) -> None:
    needs = rack.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert "<b>tongs</b></a> could not be built" in needs


def test_a_host_with_a_build_in_a_long_queue_leads_to_it(rack: Home) -> None:
    row = rack.get(f"/sources/{rack.ids['rack']}").partition('id="host-node-000"')[2]
    assert 'href="/builds/q000"' in row.partition("</tr>")[0]


def test_failing_hosts_are_listed_alone(rack: Home) -> None:
    done = rack.get("/builds?show=failed").partition('id="done-h"')[2]
    assert re.findall(r'id="b-(\w+)"', done) == ["b4"]


def test_the_overview_counts_the_whole_queue(rack: Home) -> None:
    assert "200\N{NO-BREAK SPACE}more builds in the queue" in rack.get("/")


def test_many_failures_are_a_few_lines(lived_in: Home) -> None:
    file = _boots(lived_in)
    for n in range(9):
        mac = f"52:54:00:01:00:{n:02x}"
        lived_in.post("/machines", mac=mac, name=f"anvil-{n}")
        add_row(
            file, "boot", id=f"bad-{n}", network="lan", mac=mac, firmware="pxe-x64",
            began_at=NOW - n, ended_at=NOW, state="short",
        )  # fmt: skip
    file.close()
    needs = lived_in.get("/").partition('class="needs"')[2].partition("</ul>")[0]
    assert len(re.findall('aria-label="Fell short"', needs)) == 4
    assert "Seven more machines fell short." in needs
    assert 'href="/machines?show=short"' in needs


def test_many_waiting_machines_are_a_few_rows(lived_in: Home) -> None:
    file = _boots(lived_in)
    for n in range(30):
        add_row(
            file, "held", network="lan", mac=f"02:00:00:00:00:{n:02x}", code=f"{n:04d}",
            since=NOW - 5, last_asked=NOW, facts="{}",
        )  # fmt: skip
    file.close()
    html = lived_in.get("/machines")
    assert "32 machines are waiting" in html
    assert html.count('action="/inbox/boot"') == 6
    assert "26 more wait and move up here." in html


def _boots(home: Home) -> sqlite3.Connection:
    return sqlite3.connect(home.state / "boot.db", isolation_level=None)
