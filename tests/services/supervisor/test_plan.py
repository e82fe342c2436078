from pathlib import Path

from appliance.model.installed import Installed
from appliance.roles import ROLES
from services.supervisor.plan import Plan, namespace_file, role_environment, role_program

HOME = Path("/opt/nixie")
INSTALLED = Installed(HOME, HOME / "program", HOME / "venv/bin/python", None, HOME, HOME, HOME)
PLAN = Plan(Path("/var/lib/nixie"), INSTALLED, environment={"NIXIE_FAULT": "1"})


def test_a_role_is_a_command_of_the_installed_program() -> None:
    assert role_program(PLAN, ROLES["dns"]) == [
        "/opt/nixie/venv/bin/python", "-m", "appliance", "role", "dns",
    ]  # fmt: skip


def test_a_role_knows_its_state_and_its_sockets() -> None:
    env = role_environment(PLAN, ROLES["dns"], ["dns-udp.a", "dns-tcp.a"])
    assert env["NIXIE_STATE"] == "/var/lib/nixie"
    assert env["LISTEN_FDNAMES"] == "dns-udp.a:dns-tcp.a"
    assert env["NOTIFY_SOCKET"] == "/var/lib/nixie/run/dns.notify"
    assert env["NIXIE_FAULT"] == "1"


def test_a_namespace_is_named_or_given_by_its_file() -> None:
    assert namespace_file("lab") == "/run/netns/lab"
    assert namespace_file("/proc/7/ns/net") == "/proc/7/ns/net"
    assert namespace_file(None) is None
