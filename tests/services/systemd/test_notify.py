from hypothesis import given
from hypothesis import strategies as st

from services.systemd.notify import handed, heard, listening

PASSED = {"LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "dhcp.br-lan:pxe.br-lan"}


def test_sockets_are_numbered_from_three() -> None:
    assert handed(PASSED, 7) == {"dhcp.br-lan": 3, "pxe.br-lan": 4}


def test_sockets_of_another_process_are_not_ours() -> None:
    assert handed(PASSED, 8) == {}


def test_a_starter_that_gives_no_pid_means_us() -> None:
    assert handed({"LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"}, 8) == {"a": 3}


def test_without_variables_there_are_none() -> None:
    assert handed({}, 7) == {}


def test_a_socket_without_a_name_is_called_by_its_number() -> None:
    assert handed({"LISTEN_FDS": "2"}, 7) == {"fd3": 3, "fd4": 4}


def test_a_name_given_twice_belongs_to_the_first() -> None:
    assert handed({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:a"}, 7) == {"a": 3, "fd4": 4}


@given(st.lists(st.text("abc.-", min_size=1), unique=True, max_size=5))
def test_what_is_handed_over_arrives(names: list[str]) -> None:
    assert list(handed(listening(names), 7)) == names


@given(st.text(), st.text())
def test_any_variables_are_read(count: str, names: str) -> None:
    if not (count.isascii() and count.isdigit() and int(count) > 999):
        handed({"LISTEN_FDS": count, "LISTEN_FDNAMES": names}, 7)


def test_a_notification_is_read_line_by_line() -> None:
    assert heard(b"READY=1\nSTATUS=a=b\nnonsense\n") == {"READY": "1", "STATUS": "a=b"}


@given(st.binary())
def test_any_notification_is_read(message: bytes) -> None:
    assert isinstance(heard(message), dict)
