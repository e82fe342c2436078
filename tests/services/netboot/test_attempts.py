"""Boots told as stories: the facts in the order they arrive, and what became of the boot."""

from typing import Any

from services.netboot.attempt import Attempt, Chosen, Step
from services.netboot.attempts import (
    ASKING_SECONDS,
    DHCP_ROUND_SECONDS,
    LOADING_SECONDS,
    Attempts,
)
from tests.services.netboot.made import MAC

PARTS = {"aa": "bzImage", "bb": "initrd"}
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
        facts: dict[str, Any] = {"firmware": firmware, "stage": stage, "arch": 7}
        return self.attempts.asked("lan", MAC, at, self.ident(), facts)

    def is_answered(self, at: float, stage: str = "ack", file: str = "x64/snponly.efi") -> None:
        told = {"stage": stage, "address": "10.77.0.100", "file": file}
        self.attempts.answered("lan", MAC, at, told)

    def loads(self, at: float, name: str = "x64/snponly.efi", status: str = "ok") -> Attempt:
        step = Step(0, "loader", name, at, at + 0.3, 100, 100, status)
        return self.attempts.fetched("lan", MAC, self.ident(), step)

    def gets_script(self, at: float, chosen: Chosen = RUN) -> Attempt:
        return self.attempts.scripted("lan", MAC, at, self.ident(), chosen)

    def gets_part(
        self, attempt: Attempt, at: float, sha: str, count: int = 10, status: str = "ok"
    ) -> None:
        step = attempt.add(Step(0, "part", PARTS[sha], at, None, 0, 10, "running"))
        step.ended_at, step.bytes, step.status = at + 1, count, status
        self.attempts.part_ended(attempt, step, sha, 10)

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
    again = Attempt.restored(before.row(), [Step(**_fields(step)) for step in before.steps])
    story = Story()
    story.attempts.resume(again)
    story.asks(120.0)
    assert again.state == "short"


def test_a_resumed_download_waits_for_the_parts_that_are_missing() -> None:
    story = Story()
    before = story.gets_script(1.0)
    story.gets_part(before, 2.0, "aa")
    again = Attempt.restored(before.row(), [Step(**_fields(step)) for step in before.steps])
    assert again.awaited == {"bb": "initrd"}


def _fields(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in Step.__slots__}
