import pytest

from services.bench.dns.figures import Load, load, questions

REPORT = """
Statistics:

  Queries sent:         21000
  Queries completed:    20950 (99.76%)
  Queries lost:         50 (0.24%)

  Response codes:       NOERROR 20950 (100.00%)
  Average packet size:  request 37, response 53
  Run time (s):         2.500000
  Queries per second:   8380.000000

  Average Latency (s):  0.001250 (min 0.000040, max 0.010000)
  Latency StdDev (s):   0.000100
"""


def test_a_report_is_read() -> None:
    assert load(REPORT) == Load(sent=21_000, done=20_950, seconds=2.5, delay_ms=1.25)


def test_a_report_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="unable to connect"):
        load("Error: unable to connect")


def test_every_question_is_for_a_name_of_its_own() -> None:
    assert questions(2) == "n0.bench.example A\nn1.bench.example A\n"
