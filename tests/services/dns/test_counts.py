from services.dns.counts import Counts


def test_everything_is_counted_from_nothing() -> None:
    assert set(Counts().shown().values()) == {0}
