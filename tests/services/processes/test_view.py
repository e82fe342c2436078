from hypothesis import given
from hypothesis import strategies as st

from services.processes.view import arranged


def steps(
    hidden: list[str], readable: tuple[str, ...] = (), writable: tuple[str, ...] = ()
) -> list[str]:
    """The words as one string per step, without those for the stage."""
    words = arranged(dict.fromkeys(hidden, "o"), readable, writable, {})
    sizes = {"stage": 2, "take": 3, "give": 3, "hide": 3, "lock": 2, "unstage": 2}
    found = []
    while words:
        size = sizes[words[0]]
        found.append(" ".join(words[:size]))
        words = words[size:]
    return found[1:-1]


def test_a_hidden_folder_is_covered() -> None:
    assert steps(["/root"]) == ["hide o /root"]


def test_a_folder_below_a_hidden_one_is_taken_first_and_given_back() -> None:
    assert steps(["/home"], writable=("/home/a",)) == [
        "take /sys/0 /home/a",
        "hide o /home",
        "give /sys/0 /home/a",
    ]


def test_a_readable_folder_is_locked_after_it_was_given_back() -> None:
    assert steps(["/home"], readable=("/home/a",))[-1] == "lock /home/a"


def test_a_folder_that_nothing_hides_is_left_alone() -> None:
    assert steps(["/home"], readable=("/opt/nix",)) == ["hide o /home"]


def test_a_hidden_folder_inside_a_hidden_one_needs_nothing() -> None:
    assert steps(["/home", "/home/a/secrets"]) == ["hide o /home"]


def test_a_hidden_folder_inside_a_kept_one_is_covered_last() -> None:
    assert steps(["/home", "/home/a/secrets"], readable=("/home/a",)) == [
        "take /sys/0 /home/a",
        "hide o /home",
        "give /sys/0 /home/a",
        "lock /home/a",
        "hide o /home/a/secrets",
    ]


def test_a_folder_both_hidden_and_kept_is_kept() -> None:
    assert steps(["/home/a", "/home"], readable=("/home/a",))[:1] == ["take /sys/0 /home/a"]


def test_a_name_that_only_begins_alike_is_not_below() -> None:
    assert steps(["/home"], readable=("/homely",)) == ["hide o /home"]


def test_an_untidy_path_is_the_same_folder() -> None:
    assert steps(["/home/"], writable=("//home/./a",))[0] == "take /sys/0 /home/a"


def test_a_line_is_added_to_a_file() -> None:
    words = arranged({}, (), (), {"/etc/passwd": "a:x:1:1"})
    assert words == ["stage", "/sys", "add", "/sys/f0", "a:x:1:1", "/etc/passwd", "unstage", "/sys"]


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(
    lambda one: "/" + "/".join(one)
)


@given(st.lists(PATHS), st.lists(PATHS))
def test_what_is_taken_is_given_back(hidden: list[str], kept: list[str]) -> None:
    found = steps(hidden, writable=tuple(kept))
    taken = [step.removeprefix("take ") for step in found if step.startswith("take")]
    given_ = [step.removeprefix("give ") for step in found if step.startswith("give")]
    assert sorted(taken) == sorted(given_)


@given(st.lists(PATHS), st.lists(PATHS))
def test_nothing_is_covered_after_something_below_it_was_given_back(
    hidden: list[str], kept: list[str]
) -> None:
    given_: list[str] = []
    for step in steps(hidden, writable=tuple(kept)):
        verb, _, path = step.split()
        if verb == "give":
            given_.append(path)
        if verb == "hide":
            assert not [one for one in given_ if one.startswith(path + "/")]
