from services.dns.streams import MOST, MOST_EACH, Streams


class End:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_client_may_have_several() -> None:
    streams = Streams()
    assert all(streams.begin("10.77.0.9", End()) for _ in range(MOST_EACH))


def test_one_too_many_of_a_client_closes_its_oldest() -> None:
    streams, ends = Streams(), [End() for _ in range(MOST_EACH + 1)]
    assert all(streams.begin("10.77.0.9", one) for one in ends)
    assert [one.closed for one in ends] == [True] + [False] * MOST_EACH


def test_all_clients_together_have_no_more_than_fit() -> None:
    streams = Streams()
    for number in range(MOST):
        assert streams.begin(f"10.77.0.{number}", End())
    assert not streams.begin("10.77.1.1", End())


def test_the_end_of_one_makes_room() -> None:
    streams, ends = Streams(), [End() for _ in range(MOST)]
    for number, one in enumerate(ends):
        streams.begin(f"10.77.0.{number}", one)
    streams.end("10.77.0.0", ends[0])
    assert streams.begin("10.77.1.1", End())


def test_the_end_of_one_that_was_never_served_is_nothing() -> None:
    Streams().end("10.77.0.9", End())
