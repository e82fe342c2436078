import pytest

from appliance.model.wake import WAKE_SECONDS, came, magic

MAC = "52:54:00:00:77:01"


def test_the_packet_is_the_mac_sixteen_times_after_six_bytes_of_ff() -> None:
    assert magic(MAC) == bytes.fromhex("ff" * 6 + "525400007701" * 16)


@pytest.mark.parametrize(
    ("after", "asked", "seen", "stand"),
    [
        (1.0, (), (), "waiting"),
        (WAKE_SECONDS, (), (), "waiting"),
        (WAKE_SECONDS + 1, (), (), "silent"),
        (9.0, (105.0,), (), "asked"),
        (9.0, (99.0,), (100.0,), "waiting"),
        (9.0, (), (106.0,), "here"),
        (9.0, (105.0,), (106.0,), "asked"),
        (WAKE_SECONDS + 900, (100.0 + WAKE_SECONDS + 60,), (), "asked"),
    ],
    ids=[
        "just sent",
        "at the last moment",
        "too late",
        "it boots",
        "what was before does not count",
        "it starts from its disk",
        "booting says more",
        "late is better than never",
    ],
)
def test_what_came_of_it(
    after: float, asked: tuple[float, ...], seen: tuple[float, ...], stand: str
) -> None:
    assert came(100.0, 100.0 + after, asked, seen) == stand
