import signal

import pytest

from services.processes.ending import Ended, ended
from services.processes.privileges import Limits

LIMITS = Limits(memory_bytes=2 << 30, cpu_seconds=30, seconds=60, output_bytes=1 << 20)


def test_a_job_that_ended_by_itself_is_done() -> None:
    assert ended(0, None, False, LIMITS, b"") == Ended(0, "done", "It ended well.")


def test_a_failed_job_is_done_too() -> None:
    assert ended(1, None, False, LIMITS, b"error: x") == Ended(1, "done", "It ended with status 1.")


@pytest.mark.parametrize(
    "tail",
    [b"error: out of memory", b"MemoryError", b"std::bad_alloc", b"fork: Cannot allocate memory"],
)
def test_a_job_that_says_so_ran_out_of_memory(tail: bytes) -> None:
    assert ended(1, None, False, LIMITS, tail).reason == "memory"


def test_a_job_that_ended_well_did_not_run_out_of_memory() -> None:
    assert ended(0, None, False, LIMITS, b"warning: out of memory").reason == "done"


def test_a_job_the_kernel_killed_for_memory_says_how_much_it_had() -> None:
    last = ended(137, None, True, LIMITS, b"")
    assert last == Ended(137, "memory", "It needed more than 2 GiB of memory and was stopped.")


def test_who_stopped_it_wins() -> None:
    assert ended(137, "timeout", True, LIMITS, b"out of memory").reason == "timeout"


def test_a_job_out_of_processor_time_timed_out() -> None:
    last = ended(128 + signal.SIGXCPU, None, False, LIMITS, b"")
    assert last.what == "It used its 30 s of processor time."
    assert last.reason == "timeout"
