"""What our daemon and its ssh read of builders that share."""

from dataclasses import replace
from pathlib import Path

from appliance.model.builders import Builder
from services.nix.remote.machines import known, machines, options, ssh_config

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
KILN = Builder(
    "01a2", "the kiln", "fd00::5", 2222, "nix", ("x86_64-linux", "i686-linux"), 4, 3, True, KEY,
    ("kvm", "big-parallel"), True,
)  # fmt: skip
CONF = Path("/s/nix")


def test_a_machine_is_a_line_of_eight_words() -> None:
    plain = replace(KILN, id="b", systems=("aarch64-linux",), features=())
    assert machines([KILN, plain]) == (
        "ssh-ng://nixie-01a2 x86_64-linux,i686-linux - 4 3 kvm,big-parallel - -\n"
        "ssh-ng://nixie-b aarch64-linux - 4 3 - - -\n"
    )
    assert machines([]) == ""


def test_ssh_knows_where_it_is_and_by_which_key() -> None:
    said = ssh_config([KILN], CONF).splitlines()
    assert said[0] == "Host nixie-01a2"
    for line in (
        "  HostName fd00::5",
        "  Port 2222",
        "  User nix",
        "  IdentityFile /s/nix/builder-keys/01a2",
        "  UserKnownHostsFile /s/nix/builder-keys/01a2.known",
        "  HostKeyAlias nixie-01a2",
        "  StrictHostKeyChecking yes",
        "  BatchMode yes",
    ):
        assert line in said
    assert known(KILN) == f"nixie-01a2 {KEY}\n"
    assert options(CONF) == "-F /s/nix/ssh_config"
