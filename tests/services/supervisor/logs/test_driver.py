import os
from pathlib import Path

from services.supervisor.logs.driver import LOG_BYTES, Logs, write_line


def test_the_last_line_is_that_of_this_run(tmp_path: Path) -> None:
    logs = Logs(tmp_path, None)
    log = logs.open("web")
    write_line(log, "an earlier run")
    began = os.fstat(log).st_size
    assert logs.last_line("web", began) == ""
    write_line(log, "Traceback:\n  line 7\nPermissionError: first.json\n")
    assert logs.last_line("web", began) == "PermissionError: first.json"
    os.close(log)


def test_a_log_that_was_trimmed_still_has_a_last_line(tmp_path: Path) -> None:
    logs = Logs(tmp_path, None)
    log = logs.open("web")
    write_line(log, "x" * (LOG_BYTES + 1))
    began = os.fstat(log).st_size
    logs.trim("web")
    write_line(log, "the end")
    assert logs.last_line("web", began) == "the end"
    assert (tmp_path / "web.log.1").exists()
    os.close(log)


def test_without_a_folder_the_words_are_lost(tmp_path: Path) -> None:
    logs = Logs(tmp_path / "none", None)
    log = logs.open("web")
    write_line(log, "nobody reads this")
    assert logs.last_line("web", 0) == ""
    os.close(log)
