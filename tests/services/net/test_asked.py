import pytest

from appliance.store.inventory_view import RevisionView, Wish
from appliance.store.trials import TrialRow
from appliance.trial import Extend, Keep, Undo
from services.net.asked import Apply, Asked, asked, kept_before

REVISION = RevisionView(4, "{}", "ada", 0.0)


def read(kind: str, **body: str) -> Asked:
    wish = Wish(7, "wish", "net", kind, body, 0.0)
    return asked(wish, lambda number: REVISION if number == 4 else None)


def test_a_change_is_named_by_the_wish_to_apply_it() -> None:
    found = read("apply", revision="4", seconds="90")
    assert found == Asked(7, "wish", "wish", Apply(REVISION, 90.0))


def test_a_revision_that_is_gone_is_none() -> None:
    assert read("apply", revision="5", seconds="90").what == Apply(None, 90.0)


def test_the_other_wishes_name_their_change() -> None:
    assert read("keep", change="c") == Asked(7, "wish", "c", Keep("c"))
    assert read("undo", change="c", by="ada") == Asked(7, "wish", "c", Undo("ada took it back."))
    assert read("extend", change="c", seconds="60") == Asked(7, "wish", "c", Extend(60.0))


@pytest.mark.parametrize(
    ("kind", "body"),
    [("dance", {}), ("apply", {}), ("apply", {"revision": "x", "seconds": "90"}), ("undo", {})],
)
def test_what_this_version_cannot_read_is_nothing(kind: str, body: dict[str, str]) -> None:
    assert read(kind, **body).what is None


@pytest.mark.parametrize(
    ("state", "whats", "kept"),
    [
        ("pending", (Extend(9), Keep("c")), True),
        ("pending", (Undo("no"), Keep("c")), False),
        ("pending", (), False),
        ("journalled", (Keep("c"),), False),
    ],
)
def test_a_keep_before_a_restart_counts_for_what_waited_for_it(
    state: str, whats: tuple[Keep | Undo | Extend, ...], kept: bool
) -> None:
    row = TrialRow(2, state, 0.0, None, "{}", "c", "ada", "", {})
    wishes = [Asked(seq, str(seq), "c", what) for seq, what in enumerate(whats)]
    assert kept_before(wishes, row) == (wishes[-1] if kept else None)
