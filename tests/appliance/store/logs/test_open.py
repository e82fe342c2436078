from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.store.logs.open import LogRange, log_range


def test_a_range_ends_after_a_whole_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo\nthree\n")
    assert log_range(tmp_path / "log", 0, 6) == LogRange(0, 4, 14, "one\n")
    assert log_range(tmp_path / "log", 4, 100) == LogRange(4, 14, 14, "two\nthree\n")


def test_a_line_longer_than_the_limit_is_cut(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 100)
    assert log_range(tmp_path / "log", 0, 10).end == 10


def test_the_end_of_a_log_begins_with_a_whole_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\ntwo\nthree\n")
    assert log_range(tmp_path / "log", -8) == LogRange(8, 14, 14, "three\n")
    assert log_range(tmp_path / "log", -100).text == "one\ntwo\nthree\n"


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert log_range(tmp_path / "log") == LogRange(0, 0, 0, "")


def test_a_start_behind_the_end_waits_there(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\n")
    assert log_range(tmp_path / "log", 99) == LogRange(4, 4, 4, "")


@given(content=st.binary(max_size=200), limit=st.integers(1, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_on_from_the_end_reads_everything(
    tmp_path: Path, content: bytes, limit: int
) -> None:
    (tmp_path / "log").write_bytes(content)
    start, read = 0, 0
    while start < len(content):
        piece = log_range(tmp_path / "log", start, limit)
        assert piece.start == start
        assert piece.end > start
        read += piece.end - piece.start
        start = piece.end
    assert read == len(content)
