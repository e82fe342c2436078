"""What chronyd says of itself: its command protocol, version 6, the one question `tracking`.

Layout: chrony's candm.h.  A question is as long as its answer, so that nobody is flooded by it.
"""

import struct

QUESTION = struct.Struct(
    "!BBBBHHIII84x"
)  # version, type, 2 spare, command, attempt, number, 2 spare
ANSWER = struct.Struct(
    "!BBBBHHH6xI8xI20xHH"
)  # … command, reply, status … number … id, stratum, leap
VERSION, ASKED, ANSWERED = 6, 1, 2
TRACKING, TRACKING_REPLY = 33, 5
OWN_CLOCK = 0x7F7F0101  # 127.127.1.1: nobody but itself (chrony.conf(5), local)
UNSYNCHRONISED = 3  # RFC 5905 §7.3, leap indicator


def question(number: int) -> bytes:
    """Ask how it stands; `number` comes back in the answer."""
    return QUESTION.pack(VERSION, ASKED, 0, 0, TRACKING, 0, number, 0, 0)


def synchronised(answer: bytes, number: int) -> bool:
    """Has an NTP server set the clock?  Anything that is no answer to `number` means no."""
    if len(answer) < ANSWER.size:
        return False
    version, kind, _, _, command, reply, status, echoed, source, _, leap = ANSWER.unpack_from(
        answer
    )
    told = (version, kind, command, reply, status, echoed)
    if told != (VERSION, ANSWERED, TRACKING, TRACKING_REPLY, 0, number):
        return False
    return leap != UNSYNCHRONISED and source not in (0, OWN_CLOCK)
