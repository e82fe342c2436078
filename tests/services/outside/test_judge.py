from dataclasses import replace

from appliance.events import OutsideHeard, OutsideRefused, OutsideSilent
from appliance.model.outside import Heard, Seen, Socket
from services.outside.judge import judged
from tests.appliance.model.firewall_home import HOME

SILENT = Seen(True, 412, ("192.0.2.2/24",), (), ())


def test_a_router_that_keeps_silent_is_as_it_should_be() -> None:
    assert judged("wish", HOME, SILENT, 0.0) == OutsideSilent("wish", 412)


def test_what_answers_is_told() -> None:
    seen = replace(SILENT, heard=(Heard("tcp", "192.0.2.2", 443, "open"),))
    assert judged("wish", HOME, seen, 0.0) == OutsideHeard("wish", "tcp 443 at 192.0.2.2 answers")


def test_what_could_answer_is_told() -> None:
    wide = Socket("udp", "0.0.0.0", 123, "", "chronyd", 61123)
    told = judged("wish", HOME, replace(SILENT, sockets=(wide,)), 0.0)
    assert told == OutsideHeard("wish", "chronyd listens on every interface at udp 123")


def test_silence_proves_nothing_while_nobody_is_there() -> None:
    told = judged("wish", HOME, replace(SILENT, answered=False), 0.0)
    assert isinstance(told, OutsideRefused)
