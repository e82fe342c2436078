from hypothesis import given
from hypothesis import strategies as st

from services.processes.ports import Holder, inodes, taken

UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  421: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 31415 2 0000000000000000 0
  422: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 27182 2 0000000000000000 0
"""  # noqa: E501
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0
   1: 0100007F:0050 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1
"""  # noqa: E501
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0
"""  # noqa: E501


def test_a_udp_port_is_found_by_its_number() -> None:
    assert inodes(UDP, 67, "udp") == {31415}


def test_a_port_nobody_has_is_free() -> None:
    assert inodes(UDP, 69, "udp") == frozenset()


def test_a_tcp_connection_does_not_hold_the_port() -> None:
    assert inodes(TCP, 80, "tcp") == {101}


def test_a_socket_of_both_families_is_found() -> None:
    assert inodes(TCP6, 443, "tcp") == {77}


@given(st.text(), st.integers(0, 65535))
def test_any_table_is_read(text: str, port: int) -> None:
    assert isinstance(inodes("heading\n" + text, port, "udp"), frozenset)


def test_two_holders_are_both_named() -> None:
    assert taken("tcp", 80, "br-lan", [Holder("nginx", 7), Holder("caddy", 8)]) == (
        "TCP port 80 on br-lan is taken by nginx (pid 7) and caddy (pid 8): stop it, or take "
        "br-lan from it."
    )


def test_a_holder_that_cannot_be_seen_is_said_so() -> None:
    assert taken("tcp", 443, "", []) == ("TCP port 443 is taken by a process that cannot be seen.")
