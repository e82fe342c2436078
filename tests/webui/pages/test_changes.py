import re

from appliance.events import RevisionApplied
from appliance.store import journal, trials
from appliance.store.open import writer
from tests.webui.home import NOW
from tests.webui.pages.conftest import Home


def test_what_was_done_is_listed_with_who_did_it(lived_in: Home) -> None:
    lived_in.post(f"/machines/{lived_in.ids['anvil-machine']}/next", next="deny")
    row = lived_in.get("/changes").partition("<tbody")[2].partition("</tr>")[0]
    assert "anvil gets no boot at all." in row
    assert ">lena</td>" in row
    assert ">Undo</button>" in row


def test_what_was_done_can_be_taken_back_long_after_its_toast(lived_in: Home) -> None:
    lived_in.post(f"/machines/{lived_in.ids['anvil-machine']}/next", next="deny")
    undo = re.search(r'action="(/undo/[^"]+)"', lived_in.get("/changes"))
    assert undo is not None
    html = lived_in.post(undo[1], back="/changes")
    assert "Taken back: anvil gets no boot at all." in html
    assert "taken back just now" in html
    assert 'aria-label="Next boot of anvil: anvil"' in lived_in.get("/machines")


def test_what_was_taken_back_has_no_second_undo(lived_in: Home) -> None:
    lived_in.post(f"/machines/{lived_in.ids['anvil-machine']}/next", next="deny")
    undo = re.search(r'action="(/undo/[^"]+)"', lived_in.get("/changes"))
    assert undo is not None
    assert undo[1] not in lived_in.post(undo[1], back="/changes")


def test_what_cannot_be_taken_back_has_no_undo(lived_in: Home) -> None:
    lived_in.post("/builds/b1/stop")
    row = lived_in.get("/changes").partition("<tbody")[2].partition("</tr>")[0]
    assert "is being stopped" in row
    assert "Undo" not in row


def test_a_place_that_is_none_is_the_end(home: Home) -> None:
    assert "Generation 12 of ember" in home.get("/changes/happened?before=nonsense")


def test_what_happened_goes_on_where_a_page_ended(lived_in: Home) -> None:
    file = writer(lived_in.state / "net.db", trials.MIGRATIONS)
    for n in range(150):
        journal.append(file, RevisionApplied(100 + n), NOW - 1 + n / 1000)
    file.close()
    first = lived_in.get("/changes/happened")
    older = re.search(r'href="(/changes/happened\?before=[^"]+)"', first)
    assert older is not None
    second = lived_in.get(older[1].replace("&amp;", "&"))
    assert "Revision 150 is in force." in first
    assert "Revision 149 is in force." in second
    assert "Generation 12 of ember" in second
    assert "hx-get" not in second.partition('id="told"')[2][:60]
