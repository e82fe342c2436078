from contextlib import closing
from pathlib import Path

from appliance.store import names
from appliance.store.open import writer

URL = "https://lists.example/hosts"


def test_a_list_is_kept_with_its_count(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "dns.db", names.MIGRATIONS)) as own:
        names.keep_list(own, URL, bytes(8), bytes(16), 100)
        assert names.lists(own) == [names.ListRow(URL, 3, 100, 100, "")]
        assert names.hashes(own, URL) == (bytes(8), bytes(16))


def test_a_failure_leaves_the_last_good_list(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "dns.db", names.MIGRATIONS)) as own:
        names.keep_list(own, URL, bytes(8), b"", 100)
        names.keep_problem(own, URL, "It is gone.", 200)
        assert names.lists(own) == [names.ListRow(URL, 1, 100, 200, "It is gone.")]
        assert names.hashes(own, URL) == (bytes(8), b"")


def test_a_list_that_never_came_has_no_names(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "dns.db", names.MIGRATIONS)) as own:
        names.keep_problem(own, URL, "It is gone.", 200)
        assert names.hashes(own, URL) is None


def test_a_list_that_nobody_wants_is_forgotten(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "dns.db", names.MIGRATIONS)) as own:
        names.keep_list(own, URL, bytes(8), b"", 100)
        names.forget_lists(own, ())
        assert names.lists(own) == []


def test_how_it_goes_is_read_back(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "dns.db", names.MIGRATIONS)) as own:
        assert names.standing(own) is None
        names.keep_standing(own, {"counts": {"asked": 3}, "upstreams": [], "paused_until": 7}, 100)
        assert names.standing(own) == names.Standing(100, {"asked": 3}, (), 7)


def test_the_file_of_an_older_version_is_taken_on(tmp_path: Path) -> None:
    writer(tmp_path / "dns.db", names.MIGRATIONS[:1]).close()
    with closing(writer(tmp_path / "dns.db", names.MIGRATIONS)) as own:
        assert names.lists(own) == []


def test_the_newest_names_that_were_looked_up_are_kept(tmp_path: Path) -> None:
    with closing(names.opened(tmp_path / "dns.db")) as own:
        for number in range(names.LOOKS_KEPT + 1):
            names.keep_look(own, f"w{number}", "said", number)
        assert names.look(own, "w0") is None
        assert names.look(own, "w1") == ("said", 1)
