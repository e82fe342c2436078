from datetime import UTC

from appliance.model.notices import MAIL, NTFY, Channel
from appliance.store.notices import Notice
from services.notices.letter import MOST_LINES, heading, mail, post, text

MAILBOX = {"sender": "router@home.example", "recipient": "lena@home.example"}
CHANNEL = Channel("c", MAIL, "mail", MAILBOX, ("internet",))


def some(count: int) -> list[Notice]:
    return [Notice("internet", f"It flaps, {number}.", 1_773_609_247.0) for number in range(count)]


def test_each_sentence_has_its_time() -> None:
    assert text(some(1), UTC) == "2026-03-15 21:14:07  It flaps, 0."


def test_of_many_the_newest_are_told() -> None:
    lines = text(some(MOST_LINES + 3), UTC).splitlines()
    assert lines[0] == "(3 earlier ones are left out)"
    assert lines[-1].endswith(f"It flaps, {MOST_LINES + 2}.")


def test_the_heading_counts_the_others() -> None:
    assert heading("nixie", some(3)) == "nixie: It flaps, 2. (and 2 more)"


def test_a_mail_is_marked_as_sent_by_a_machine() -> None:
    made = mail(CHANNEL, "nixie", some(1), 1_773_609_247.0, "x")
    assert made["Auto-Submitted"] == "auto-generated"
    assert made["Message-ID"] == "<x@home.example>"


def test_a_name_that_a_device_made_up_ends_no_header() -> None:
    odd = [Notice("device", "A new device: x Bcc: all@example", 0.0)]
    made = mail(CHANNEL, "nixie", odd, 0.0, "x")
    assert made["Bcc"] is None


def test_a_title_is_one_line_of_ascii() -> None:
    channel = Channel("c", NTFY, "phone", {"url": "https://ntfy.example/x"}, ())
    made = post(channel, "", "nixie", [Notice("device", "Müller\r\nX-Evil: 1", 0.0)])
    assert "\n" not in made.headers["Title"]
    assert made.headers["Title"].isascii()
