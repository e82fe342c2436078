from services.recall.ring import Ring


def test_the_newest_come_first() -> None:
    ring: Ring[int] = Ring(3)
    for number in range(2):
        ring.put(number)
    assert list(ring.newest()) == [1, 0]


def test_a_flood_costs_the_oldest() -> None:
    ring: Ring[int] = Ring(3)
    for number in range(1_000):
        ring.put(number)
    assert list(ring.newest()) == [999, 998, 997]
    assert ring.came == 1_000
