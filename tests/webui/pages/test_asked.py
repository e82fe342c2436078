from tests.webui.home import NOW
from tests.webui.household import TABLET
from tests.webui.memory import remembering
from tests.webui.pages.conftest import Home

QUESTION = {
    "at": NOW - 3,
    "client": "10.77.0.250",
    "name": "ads.example",
    "record": "A",
    "said": "“no such name”",
    "why": "blocked",
    "by": "https://lists.example/hosts",
}


def switched_on(home: Home) -> str:
    return home.post("/names/asked", minutes="60")


def test_by_itself_nothing_is_put_down(home: Home) -> None:
    said = home.get("/names/asked")
    assert "Nothing of this is put down until you want it to be" in said
    assert 'id="asked-now"' not in said


def test_a_question_is_shown_with_its_cause(lived_in: Home) -> None:
    switched_on(lived_in)
    with remembering(lived_in.state, "dns", [QUESTION]):
        said = lived_in.get("/names/asked")
    assert "blocked by https://lists.example/hosts" in said
    assert "21:14:04" in said


def test_a_name_that_is_markup_stays_text(lived_in: Home) -> None:
    switched_on(lived_in)
    with remembering(lived_in.state, "dns", [{**QUESTION, "name": '"><svg onload=alert(1)>'}]):
        said = lived_in.get("/names/asked")
    assert "<svg onload" not in said


def test_one_device_is_asked_for_by_its_addresses(lived_in: Home) -> None:
    switched_on(lived_in)
    with remembering(lived_in.state, "dns", []) as asked:
        lived_in.get(f"/names/asked?device={TABLET.lower()}")
    (row,) = [one for one in lived_in.desk.reads.devices() if one.mac == TABLET]
    assert asked[-1]["of"] == sorted(row.addresses)


def test_a_role_that_does_not_answer_is_said(lived_in: Home) -> None:
    assert "does not say what it remembers" in switched_on(lived_in)


def test_stopping_is_one_button(lived_in: Home) -> None:
    switched_on(lived_in)
    assert "forgotten" in lived_in.post("/names/asked", minutes="0")
    assert "Nothing of this is put down" in lived_in.get("/names/asked")


def test_too_long_is_refused(lived_in: Home) -> None:
    answer = lived_in.client.post("/names/asked", data={"minutes": "99999"})
    assert (answer.status_code, "1 to 1440 minutes" in answer.text) == (422, True)
