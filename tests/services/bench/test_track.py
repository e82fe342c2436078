from services.bench.track import compared, rate, spread, turns

OURS = [(10.0, 1.0), (10.0, 2.0), (10.0, 4.0)]


def test_a_rate_is_the_median_of_the_rounds() -> None:
    assert rate(OURS) == 5.0


def test_the_spread_is_what_lies_between_best_and_worst() -> None:
    assert spread(OURS) == (10.0 - 2.5) / 5.0


def test_the_figure_names_the_peer_it_was_measured_against() -> None:
    told = compared("w", "MB/s", OURS, {"name": "p", "version": "1"}, [(10.0, 1.0)], failed=0)
    assert (told["ratio"], told["peer"]["name"], told["failed"]) == (0.5, "p", 0)


def test_who_begins_changes_every_round() -> None:
    began: list[str] = []
    turns(2, began.append)
    assert began == ["ours", "peer", "peer", "ours"]


def test_each_server_has_its_samples() -> None:
    assert turns(2, str.upper) == {"ours": ["OURS"] * 2, "peer": ["PEER"] * 2}


def test_a_slow_work_keeps_its_digits() -> None:
    told = compared("w", "images/s", [(4, 77.8)], {"name": "p"}, [(4, 70.9)])
    assert (told["ours"], told["peer"]["figure"]) == (0.05141, 0.05642)
