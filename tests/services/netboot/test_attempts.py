"""Boots told as stories: the facts in the order they arrive, and what became of the boot."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.causes import CAUSES
from appliance.diagnosis import diagnose
from appliance.model.images import Part
from services.netboot.attempt import Attempt, Chosen, Step
from services.netboot.attempts import (
    ASKING_SECONDS,
    DHCP_ROUND_SECONDS,
    LOADING_SECONDS,
    LOCAL_FAILED_SECONDS,
    LOCAL_SECONDS,
    MACHINES,
    Attempts,
)
from tests.services.netboot.made import MAC

PARTS = {"aa": 10, "bb": 10}
NAMES = {"aa": "bzImage", "bb": "initrd", "cc": "store.squashfs"}
RUN = Chosen("run", "m1", "run", "i1", "s1/ember", "ember", "img", 3, "/nix/store/top", True, PARTS)
UNWATCHED = Chosen(
    "run", "m1", "run", "i1", "s1/ember", "ember", "img", 3, "/nix/store/top", False, PARTS
)


class Story:
    """Tells facts with the fewest words; every boot gets the next number as its id."""

    def __init__(self) -> None:
        self.attempts = Attempts()
        self.number = 0

    def ident(self) -> str:
        self.number += 1
        return f"b{self.number}"

    def asks(self, at: float, firmware: str = "pxe-x64", stage: str = "discover") -> Attempt:
        facts: dict[str, Any] = {"firmware": firmware, "stage": stage, "arch_code": 7}
        return self.attempts.asked("lan", MAC, at, self.ident(), facts)

    def is_answered(self, at: float, stage: str = "ack", file: str = "x64/snponly.efi") -> None:
        told = {"stage": stage, "address": "10.77.0.100", "file": file}
        self.attempts.answered("lan", MAC, at, self.ident(), told)

    def is_refused(self, at: float, reason: str) -> Attempt:
        told = {"stage": "nothing", "why": "it is so", "reason": reason}
        return self.attempts.answered("lan", MAC, at, self.ident(), told)

    def loads(self, at: float, name: str = "x64/snponly.efi", status: str = "ok") -> Attempt:
        step = Step(0, "loader", name, at, at + 0.3, 100, 100, status)
        return self.attempts.fetched("lan", MAC, self.ident(), step)

    def gets_script(self, at: float, chosen: Chosen = RUN) -> Attempt:
        return self.attempts.scripted("lan", MAC, at, self.ident(), chosen)

    def gets_part(
        self, attempt: Attempt, at: float, sha: str, count: int = 10, status: str = "ok"
    ) -> None:
        step = attempt.add(Step(0, "part", NAMES[sha], at, None, 0, 10, "running"))
        step.ended_at, step.bytes, step.status = at + 1, count, status
        self.attempts.part_ended(attempt, step, Part("", NAMES[sha], 10, sha, ()))

    def gets_everything(self, attempt: Attempt, at: float) -> None:
        for number, sha in enumerate(PARTS):
            self.gets_part(attempt, at + number, sha)


def a_whole_boot(chosen: Chosen = RUN) -> tuple[Story, Attempt]:
    story = Story()
    story.asks(0.0)
    story.is_answered(0.1, "offer")
    story.asks(3.9, stage="request")
    story.is_answered(3.9)
    story.loads(4.0)
    attempt = story.gets_script(4.4, chosen)
    story.gets_everything(attempt, 5.0)
    return story, attempt


def test_everything_from_the_first_packet_on_is_one_boot() -> None:
    _, attempt = a_whole_boot()
    assert (attempt.id, attempt.began_at) == ("b1", 0.0)
    assert [step.kind for step in attempt.steps] == [
        *("dhcp",) * 4,
        "loader",
        "script",
        "part",
        "part",
    ]


def test_a_watched_boot_is_starting_until_it_phones_home() -> None:
    story, attempt = a_whole_boot()
    assert attempt.state == "starting"
    story.attempts.phoned_home(attempt, 30.0, {"toplevel": "/nix/store/top"}, "/nix/store/top")
    assert (attempt.state, attempt.ended_at, attempt.toplevel) == ("up", 30.0, "/nix/store/top")
    assert "expected" not in attempt.facts


def test_another_toplevel_than_was_served_is_noticed() -> None:
    story, attempt = a_whole_boot()
    story.attempts.phoned_home(attempt, 30.0, {"toplevel": "/other"}, "/nix/store/top")
    assert attempt.facts["expected"] == "/nix/store/top"


def test_a_host_whose_unit_is_not_active_falls_short() -> None:
    story, attempt = a_whole_boot()
    said = {"toplevel": "/nix/store/top", "health": "a.service=active,b.service=failed"}
    story.attempts.phoned_home(attempt, 30.0, said, "/nix/store/top")
    assert (attempt.state, attempt.ended_at) == ("short", 30.0)


def test_a_host_whose_units_are_active_is_up() -> None:
    story, attempt = a_whole_boot()
    said = {"toplevel": "/nix/store/top", "health": "a.service=active"}
    story.attempts.phoned_home(attempt, 30.0, said, "/nix/store/top")
    assert attempt.state == "up"


def test_an_unwatched_boot_ends_as_served() -> None:
    _, attempt = a_whole_boot(UNWATCHED)
    assert (attempt.state, attempt.ended_at) == ("served", 7.0)


def test_silence_of_an_unwatched_boot_is_never_a_failure() -> None:
    story, attempt = a_whole_boot(UNWATCHED)
    story.asks(500.0)
    assert attempt.state == "served"


def test_everything_sent_nothing_heard_then_the_firmware_again_is_short() -> None:
    story, attempt = a_whole_boot()
    fresh = story.asks(120.0)
    assert attempt.state == "short"
    assert fresh is not attempt
    assert story.attempts.closed() == [attempt]


def test_silence_alone_is_not_short() -> None:
    story, attempt = a_whole_boot()
    story.attempts.woken(600.0)
    assert attempt.state == "starting"


def test_a_dhcp_fact_told_late_belongs_to_the_boot_it_was_part_of() -> None:
    story = Story()
    attempt = story.gets_script(4.4)
    assert story.asks(4.3, "script") is attempt
    assert attempt.began_at == 4.3


def test_the_loaders_own_dhcp_belongs_to_the_same_boot() -> None:
    story = Story()
    attempt = story.asks(0.0)
    story.loads(4.0)
    assert story.asks(5.0, "script") is attempt
    assert attempt.firmware == "pxe-x64"


def test_the_firmware_repeating_itself_is_one_boot() -> None:
    story = Story()
    assert {story.asks(at).id for at in (0.0, 4.0, 12.0, 28.0)} == {"b1"}


def test_the_firmware_asking_much_later_is_another_boot() -> None:
    story = Story()
    first = story.asks(0.0)
    assert story.asks(DHCP_ROUND_SECONDS + 1) is not first


def test_the_firmware_coming_back_after_the_loader_is_another_boot() -> None:
    story = Story()
    first = story.asks(0.0)
    story.loads(4.0)
    assert story.asks(9.0) is not first
    assert first.state == "short"


def test_an_address_without_any_fetch_falls_short_in_the_end() -> None:
    story = Story()
    attempt = story.asks(0.0)
    story.is_answered(0.1)
    assert story.attempts.woken(ASKING_SECONDS + 1) == [attempt]
    assert attempt.state == "short"


def test_a_download_that_stops_for_ever_falls_short() -> None:
    story = Story()
    attempt = story.gets_script(1.0)
    story.gets_part(attempt, 2.0, "aa", 4, "aborted")
    story.attempts.woken(LOADING_SECONDS + 10)
    assert attempt.state == "short"


def test_a_part_that_broke_off_and_came_again_counts_once() -> None:
    story = Story()
    attempt = story.gets_script(1.0)
    story.gets_part(attempt, 2.0, "aa", 4, "aborted")
    story.gets_everything(attempt, 5.0)
    assert attempt.state == "starting"


def test_ranges_count_as_the_whole_when_they_add_up() -> None:
    story = Story()
    attempt = story.gets_script(1.0)
    story.gets_part(attempt, 2.0, "aa")
    story.gets_part(attempt, 3.0, "bb", 6)
    assert attempt.state == "loading"
    story.gets_part(attempt, 4.0, "bb", 4)
    assert attempt.state == "starting"


THIN = replace(RUN, parts={**PARTS, "cc": 10}, store="cc")


def test_a_thin_image_starts_before_its_store_is_fetched() -> None:
    story = Story()
    attempt = story.gets_script(1.0, THIN)
    story.gets_everything(attempt, 2.0)
    assert (attempt.state, attempt.awaited) == ("starting", {"cc": 10})


def test_the_rest_of_a_store_that_broke_off_is_the_whole() -> None:
    story = Story()
    attempt = story.gets_script(1.0, THIN)
    story.gets_part(attempt, 2.0, "cc", 6, "aborted")
    rest = attempt.add(
        Step(0, "part", NAMES["cc"], 3.0, 4.0, 5, 5, "ok", {"range": [5, 10]})  # it had lost one
    )
    story.attempts.part_ended(attempt, rest, Part("", NAMES["cc"], 10, "cc", ()))
    assert "cc" not in attempt.awaited


def test_the_end_of_a_store_alone_is_not_the_whole() -> None:
    story = Story()
    attempt = story.gets_script(1.0, THIN)
    rest = attempt.add(Step(0, "part", NAMES["cc"], 3.0, 4.0, 5, 5, "ok", {"range": [5, 10]}))
    story.attempts.part_ended(attempt, rest, Part("", NAMES["cc"], 10, "cc", ()))
    assert attempt.awaited["cc"] == 5


def test_a_store_that_is_refused_counts_against_the_generation() -> None:
    story = Story()
    attempt = story.gets_script(1.0, THIN)
    story.gets_everything(attempt, 2.0)
    sent_at = attempt.sent_at
    story.attempts.reported(attempt, 9.0, "store", "wrong-hash")
    assert (attempt.state, attempt.sent_at) == ("starting", sent_at)


def test_what_was_being_sent_when_the_role_died_is_stored_as_broken_off() -> None:
    story = Story()
    attempt = story.gets_script(1.0, THIN)
    running = attempt.add(Step(0, "part", NAMES["cc"], 3.0, None, 5, 10, "running"))
    again = Attempt.restored(attempt.row(), [step.row() for step in attempt.steps])
    assert again.steps[-1].status == "aborted"
    assert again.dirty == {running.number}


def test_a_held_machine_is_one_line_that_counts() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("hold"))
    for at in (4.0, 7.0, 10.0):
        story.attempts.waited(attempt, at)
    assert attempt.state == "held"
    assert [(step.kind, step.bytes) for step in attempt.steps] == [("script", None), ("hold", 3)]


def test_an_assignment_releases_into_the_same_boot() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("hold"))
    story.attempts.waited(attempt, 4.0)
    assert story.gets_script(7.0) is attempt
    assert (attempt.state, attempt.host) == ("loading", "s1/ember")


def test_the_local_disk_ends_the_boot() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("local"))
    assert (attempt.state, attempt.ended_at) == ("local", 1.0)


def test_a_picked_entry_decides_what_is_served() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("menu"))
    story.attempts.picked(attempt, 6.0, "g-1", RUN)
    assert (attempt.image, attempt.steps[-1].detail["entry"]) == ("img", "g-1")


def test_a_report_after_everything_was_sent_takes_the_end_back() -> None:
    story, attempt = a_whole_boot(UNWATCHED)
    story.attempts.reported(attempt, 9.0, "boot", "0x2e852001")
    assert (attempt.state, attempt.ended_at) == ("loading", None)


def test_a_row_of_missing_files_is_one_line() -> None:
    story = Story()
    for name in ("grub.cfg", "revocations.efi", "mmx64.efi"):
        attempt = story.loads(1.0, name, "missing")
    assert [step.name for step in attempt.steps] == ["grub.cfg"]
    assert attempt.steps[0].detail["others"] == ["revocations.efi", "mmx64.efi"]


def test_two_networks_keep_the_same_mac_apart() -> None:
    attempts = Attempts()
    lan = attempts.scripted("lan", MAC, 1.0, "a", RUN)
    assert attempts.scripted("lab", MAC, 1.0, "b", RUN) is not lan


def test_a_resumed_boot_goes_on_where_it_was() -> None:
    _, before = a_whole_boot()
    again = Attempt.restored(before.row(), [step.row() for step in before.steps])
    story = Story()
    story.attempts.resume(again)
    story.asks(120.0)
    assert again.state == "short"


def test_a_resumed_download_waits_for_the_bytes_that_are_missing() -> None:
    story = Story()
    before = story.gets_script(1.0)
    story.gets_part(before, 2.0, "aa")
    story.gets_part(before, 4.0, "bb", 6)
    again = Attempt.restored(before.row(), [step.row() for step in before.steps])
    assert again.awaited == {"bb": 4}
    story.gets_part(again, 6.0, "bb", 4)
    assert again.state == "starting"


def test_what_is_awaited_is_gone_from_the_facts_when_it_came() -> None:
    _, attempt = a_whole_boot()
    assert "awaited" not in attempt.row().facts


# ── waiting for long ─────────────────────────────────────────────────────────────────────────────

WAITING = Chosen("page", "m1", sentence="ember is being built.", reason="waiting")


def test_an_hour_of_asking_for_a_build_is_one_line() -> None:
    story = Story()
    for number in range(300):
        attempt = story.gets_script(1.0 + 15 * number, WAITING)
    (step,) = attempt.steps
    assert (step.detail["times"], step.began_at, step.ended_at) == (300, 1.0, 1.0 + 15 * 299)


def test_a_page_with_another_reason_is_another_line() -> None:
    story = Story()
    story.gets_script(1.0, WAITING)
    attempt = story.gets_script(16.0, Chosen("page", "m1", sentence="No.", reason="build-failed"))
    assert [step.detail["reason"] for step in attempt.steps] == ["waiting", "build-failed"]


def test_a_boot_of_a_thousand_steps_still_notices_its_end() -> None:
    story = Story()
    for number in range(400):
        attempt = story.gets_script(1.0 + 12 * number)
        story.attempts.reported(attempt, 5.0 + 12 * number, "kernel", "0x2d0c613b")
    attempt = story.gets_script(5000.0)
    story.gets_everything(attempt, 5001.0)
    assert (attempt.state, attempt.steps[-1].name) == ("starting", "initrd")


def test_a_dhcp_packet_told_late_belongs_to_the_page_that_was_repeated() -> None:
    story = Story()
    for at in (1.0, 16.0, 31.0):
        attempt = story.gets_script(at, WAITING)
    again = Attempt.restored(attempt.row(), [step.row() for step in attempt.steps])
    assert again.script_at == 31.0


# ── menus ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["menu", "shell"])
def test_a_menu_stays_open_for_as_long_as_it_likes(kind: str) -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen(kind))
    story.attempts.woken(1.0 + 30 * 24 * 3600)
    assert (attempt.state, attempt.ended_at) == ("menu", None)


def test_a_choice_after_hours_goes_on_with_the_boot() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("menu"))
    story.attempts.picked(attempt, 9000.0, "g-1", RUN)
    story.gets_everything(attempt, 9001.0)
    assert (attempt.state, attempt.ended_at) == ("starting", None)


def test_a_choice_takes_an_end_back() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("page"))
    story.attempts.woken(LOADING_SECONDS + 10)
    assert attempt.state == "short"
    story.attempts.picked(attempt, 1000.0, "g-1", RUN)
    assert (attempt.state, attempt.ended_at, attempt.diagnosis) == ("loading", None, None)


def test_a_machine_that_was_switched_off_at_its_menu_has_left() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("menu"))
    story.asks(9000.0)
    assert attempt.state == "left"


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────


def test_a_machine_that_is_back_from_its_disk_at_once_fell_short() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("local"))
    story.asks(1.0 + LOCAL_SECONDS - 1)
    assert attempt.state == "short"
    assert story.attempts.closed() == [attempt]


def test_a_machine_that_is_back_later_had_started_from_its_disk() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("local"))
    story.asks(1.0 + LOCAL_SECONDS + 1)
    assert attempt.state == "local"
    assert story.attempts.closed() == []


def test_a_disk_that_did_not_start_is_remembered_for_longer() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("local"))
    story.attempts.reported(attempt, 3.0, "disk", "0x7f22208e")
    story.asks(1.0 + LOCAL_FAILED_SECONDS - 1)
    assert attempt.state == "short"


def test_a_machine_that_gets_no_boot_may_come_back_when_it_likes() -> None:
    story = Story()
    attempt = story.gets_script(1.0, Chosen("deny"))
    story.asks(10.0)
    assert attempt.state == "local"


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def test_a_refusal_without_its_question_is_a_boot_all_the_same() -> None:
    story = Story()
    attempt = story.is_refused(1.0, "pool-empty")
    assert (attempt.steps[-1].status, attempt.steps[-1].detail["reason"]) == (
        "refused",
        "pool-empty",
    )


def test_a_machine_that_ignored_our_offers_fell_short() -> None:
    story = Story()
    attempt = story.asks(0.0)
    story.is_answered(0.1, "offer")
    story.asks(DHCP_ROUND_SECONDS + 1)
    assert attempt.state == "short"


def test_another_boot_server_is_known_to_every_boot_that_asks() -> None:
    story = Story()
    before = story.asks(0.0)
    assert story.attempts.foreign_heard("lan", "10.77.0.9", "proxy") == [before]
    assert before.facts["foreign"] == {"10.77.0.9": "proxy"}
    after = story.asks(DHCP_ROUND_SECONDS + 1)
    assert after.facts["foreign"] == {"10.77.0.9": "proxy"}


def test_a_boot_server_that_went_is_not_blamed() -> None:
    story = Story()
    story.attempts.foreign_heard("lan", "10.77.0.9", "proxy")
    story.attempts.foreign_gone("lan", "10.77.0.9")
    assert not story.asks(0.0).facts["foreign"]


def test_a_phone_home_before_the_last_acknowledgement_stays_the_end() -> None:
    story = Story()
    attempt = story.gets_script(1.0)
    story.gets_part(attempt, 2.0, "aa")
    story.attempts.phoned_home(attempt, 4.0, {"toplevel": "/x"}, "/x")
    story.gets_part(attempt, 5.0, "bb")
    assert attempt.state == "up"


def test_a_loader_has_its_rate() -> None:
    attempt = Story().loads(4.0)
    assert attempt.steps[-1].detail["rate"] == 333


def test_strangers_do_not_fill_the_memory() -> None:
    attempts = Attempts()
    for number in range(MACHINES + 5):
        attempts.scripted("lan", f"{number:012x}", float(number), str(number), Chosen("menu"))
    assert sum(1 for _ in attempts) == MACHINES
    gone = attempts.closed()
    assert [one.id for one in gone] == ["0", "1", "2", "3", "4"]
    assert {one.state for one in gone} == {"left"}


def _fetches(kind: str, status: str = "ok", **detail: bool) -> Callable[[Story, float, str], None]:
    def fact(story: Story, at: float, _firmware: str) -> None:
        step = Step(0, kind, "x64/x", at, at, 3, 9, status, dict(detail))
        story.attempts.fetched("lan", MAC, story.ident(), step)

    return fact


BEGINS: dict[str, Callable[[Story, float, str], object]] = {
    "asks": lambda story, at, firmware: story.asks(at, firmware),
    "asks as iPXE": lambda story, at, _: story.asks(at, "script", "request"),
    "is offered": lambda story, at, _: story.is_answered(at, "offer"),
    "is confirmed": lambda story, at, _: story.is_answered(at, "ack"),
    "is refused": lambda story, at, _: story.is_refused(at, "pool-empty"),
    "loads": lambda story, at, _: story.loads(at),
    "asks for the size": _fetches("loader", probe=True),
    "breaks the loader off": _fetches("loader", "aborted"),
    "reads autoexec": _fetches("autoexec"),
    "gets a script": lambda story, at, _: story.gets_script(at),
    "gets a menu": lambda story, at, _: story.gets_script(at, Chosen("menu")),
    "gets a page": lambda story, at, _: story.gets_script(at, Chosen("page")),
    "is held": lambda story, at, _: story.gets_script(at, Chosen("hold")),
    "goes to its disk": lambda story, at, _: story.gets_script(at, Chosen("local")),
    "gets no boot": lambda story, at, _: story.gets_script(at, Chosen("deny")),
    "opens a shell": lambda story, at, _: story.gets_script(at, Chosen("shell")),
    "is silent": lambda story, at, _: story.attempts.woken(at),
}
GOES_ON: dict[str, Callable[[Story, Attempt, float], object]] = {
    "picks": lambda story, boot, at: story.attempts.picked(boot, at, "g-1", RUN),
    "gets a part": lambda story, boot, at: story.gets_part(boot, at, "aa", 4),
    "breaks off": lambda story, boot, at: story.gets_part(boot, at, "aa", 4, "aborted"),
    "gets all": lambda story, boot, at: story.gets_everything(boot, at),
    "reports": lambda story, boot, at: story.attempts.reported(boot, at, "kernel", "0x1"),
    "phones home": lambda story, boot, at: story.attempts.phoned_home(boot, at, {}, "/x"),
}
FACTS = st.lists(
    st.tuples(
        st.sampled_from([*BEGINS, *GOES_ON]),
        st.sampled_from([0.2, 5.0, 70.0, 200.0, 1000.0, 4000.0]),
    ),
    max_size=25,
)


@given(FACTS, st.sampled_from(["pxe-x64", "pxe-bios", "http-x64", "rpi"]))
def test_every_boot_that_falls_short_has_exactly_one_diagnosis(
    facts: list[tuple[str, float]], firmware: str
) -> None:
    story, at = Story(), 1.0
    seen: dict[str, Attempt] = {}
    for fact, pause in facts:
        at += pause
        _happens(story, fact, at, firmware)
        seen |= {one.id: one for one in (*story.attempts, *story.attempts.closed())}
    story.attempts.woken(at + 5000.0)
    short = [one for one in seen.values() if one.state == "short"]
    for attempt in short:
        rows = [step.row() for step in attempt.steps]
        told = diagnose(attempt.row(), rows, at + 5000.0)
        assert told is not None
        assert told.id in CAUSES
    assert all(one.ended_at is None for one in seen.values() if not one.over)
    assert all(one.ended_at is not None for one in seen.values() if one.over)


def _happens(story: Story, fact: str, at: float, firmware: str) -> None:
    current = story.attempts.current("lan", MAC)
    if fact in BEGINS:
        BEGINS[fact](story, at, firmware)
    elif current is not None:
        GOES_ON[fact](story, current, at)
