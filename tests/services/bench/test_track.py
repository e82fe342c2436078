from services.bench.track import compared, rate, spread

OURS = [(10.0, 1.0), (10.0, 2.0), (10.0, 4.0)]


def test_a_rate_is_the_median_of_the_rounds() -> None:
    assert rate(OURS) == 5.0


def test_the_spread_is_what_lies_between_best_and_worst() -> None:
    assert spread(OURS) == (10.0 - 2.5) / 5.0


def test_the_figure_names_the_peer_it_was_measured_against() -> None:
    told = compared("w", "MB/s", OURS, {"name": "p", "version": "1"}, [(10.0, 1.0)], failed=0)
    assert (told["ratio"], told["peer"]["name"], told["failed"]) == (0.5, "p", 0)
