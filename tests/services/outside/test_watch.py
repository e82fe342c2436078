from dataclasses import replace

from appliance.model.outside import Heard, Seen, Socket
from services.outside.watch import (
    AGAIN_SECONDS,
    APART_SECONDS,
    DAY_SECONDS,
    JITTER_SECONDS,
    LISTED_SECONDS,
    START_SECONDS,
    Watch,
)
from tests.appliance.model.firewall_home import HOME

SHELL = Socket("tcp", "0.0.0.0", 22, "", "", 0)
ROGUE = Socket("tcp", "0.0.0.0", 2323, "", "", 1000)
INSIDE = Socket("tcp", "0.0.0.0", 80, "br-lan", "", 1000)
ASKING = Socket("udp", "0.0.0.0", 40_000, "", "", 1000)
WIDE = Socket("udp", "0.0.0.0", 53, "", "dns", 61103)
SILENT = Seen(True, 412, ("192.0.2.2/24",), (), ())
LOUD = replace(SILENT, heard=(Heard("tcp", "192.0.2.2", 22, "open"),))
BEGUN = START_SECONDS


def watch(*sockets: Socket) -> Watch:
    """After two lists with these, and a look that heard nothing."""
    made = Watch(None, (), 0.0)
    for _ in range(2):
        made.listed(HOME, sockets)
    made.looked(HOME, SILENT, BEGUN, 0.0, 0.0)
    assert made.news(HOME, 0.0).found == ()
    return made


def names(made: Watch) -> tuple[list[str], list[str]]:
    """What came up, and what is over."""
    news = made.news(HOME, 0.0)
    return [one.name for one in news.found], [one.name for one in news.over]


def test_the_first_look_comes_some_time_after_the_start() -> None:
    made = Watch(None, (), 0.0)
    assert not made.due(HOME, START_SECONDS - 1)
    assert made.due(HOME, START_SECONDS)


def test_who_is_there_at_the_first_list_is_no_news() -> None:
    made = watch(SHELL)
    made.listed(HOME, [SHELL])
    assert names(made) == ([], [])


def test_a_program_that_is_in_two_lists_in_a_row_is_news_once() -> None:
    made = watch(SHELL)
    made.listed(HOME, [SHELL, ROGUE])
    assert names(made) == ([], [])
    made.listed(HOME, [SHELL, ROGUE])
    assert names(made) == (["other tcp 2323 1000"], [])
    assert names(made) == ([], [])


def test_two_lists_and_the_pause_between_two_looks_are_less_than_a_minute() -> None:
    assert 2 * LISTED_SECONDS + APART_SECONDS < 60


def test_a_program_that_begins_has_somebody_sent() -> None:
    made = watch()
    for _ in range(2):
        made.listed(HOME, [ROGUE])
    assert not made.due(HOME, BEGUN + APART_SECONDS - 1)
    assert made.due(HOME, BEGUN + APART_SECONDS)
    made.looked(HOME, SILENT, BEGUN + APART_SECONDS, 0.0, 0.0)
    assert not made.due(HOME, BEGUN + 10 * APART_SECONDS)


def test_a_program_that_is_in_no_list_of_two_is_gone() -> None:
    made = watch()
    for _ in range(2):
        made.listed(HOME, [ROGUE])
    names(made)
    made.listed(HOME, [])
    assert names(made) == ([], [])
    made.listed(HOME, [])
    assert names(made) == ([], ["other tcp 2323 1000"])


def test_what_the_owner_was_shown_is_known() -> None:
    made = watch()
    for _ in range(2):
        made.listed(HOME, [ROGUE])
    names(made)
    made.met(HOME, SILENT)
    assert names(made) == ([], ["other tcp 2323 1000"])
    assert made.known == {ROGUE}


def test_what_of_ours_stands_there_is_news_even_at_the_first_list() -> None:
    made = Watch(None, (), 0.0)
    for _ in range(2):
        made.listed(HOME, [WIDE])
    assert names(made) == (["ours udp 53 dns"], [])


def test_neither_who_only_asks_nor_who_waits_inside_is_news() -> None:
    made = watch()
    for _ in range(2):
        made.listed(HOME, [ASKING, INSIDE])
    assert names(made) == ([], [])


def test_what_answers_is_one_finding_though_a_program_is_behind_it() -> None:
    made = watch()
    for _ in range(2):
        made.listed(HOME, [replace(ROGUE, port=22)])
    made.looked(HOME, LOUD, BEGUN + 60, 0.0, 0.0)
    assert names(made) == (["heard tcp 22"], [])


def test_while_something_answers_somebody_looks_again_soon() -> None:
    made = watch()
    made.looked(HOME, LOUD, BEGUN, 0.0, 0.0)
    assert names(made) == (["heard tcp 22"], [])
    assert made.due(HOME, BEGUN + AGAIN_SECONDS)
    made.looked(HOME, SILENT, BEGUN + AGAIN_SECONDS, 0.0, 0.0)
    assert names(made) == ([], ["heard tcp 22"])


def test_silence_of_a_dead_cable_ends_nothing() -> None:
    made = watch()
    made.looked(HOME, LOUD, BEGUN, 0.0, 0.0)
    names(made)
    made.looked(HOME, replace(SILENT, answered=False), BEGUN + 400, 0.0, 0.0)
    assert names(made) == ([], [])


def test_a_change_that_is_kept_has_somebody_sent() -> None:
    assert watch().due(replace(HOME, forwards=()), BEGUN + APART_SECONDS) is False
    assert watch().due(replace(HOME, zones=()), BEGUN + APART_SECONDS) is True


def test_once_a_day_somebody_looks_each_router_at_a_time_of_its_own() -> None:
    made = watch()
    assert not made.due(HOME, BEGUN + DAY_SECONDS - 1)
    made.looked(HOME, SILENT, BEGUN, 0.0, -1.0)
    assert made.due(HOME, BEGUN + DAY_SECONDS - JITTER_SECONDS)


def test_only_the_second_failure_in_a_row_is_told() -> None:
    made = watch()
    assert [made.failed(HOME, BEGUN + n) for n in range(3)] == [False, True, False]


def test_without_a_way_out_nobody_is_sent_nor_anything_found() -> None:
    made, alone = watch(), replace(HOME, wan=None)
    for _ in range(2):
        made.listed(alone, [ROGUE, WIDE])
    assert not made.due(alone, BEGUN + 1_000_000)
    assert made.news(alone, 0.0).found == ()


def test_what_was_told_before_a_restart_is_not_told_again() -> None:
    before = watch()
    for _ in range(2):
        before.listed(HOME, [ROGUE])
    told = before.news(HOME, 0.0).found
    after = Watch(before.known, told, 0.0)
    assert names(after) == ([], [])
    for _ in range(2):
        after.listed(HOME, [ROGUE])
    assert names(after) == ([], [])
