import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.roles import CONFINED, GROUP, ROLES
from services.processes.cgroups.place import Bounds
from services.processes.privileges import (
    TOOLS,
    Ability,
    Footing,
    Identity,
    Job,
    Limits,
    bounded,
    environment,
    footing,
    identities,
    lower_walls,
    named,
    role_argv,
    shared_builds,
    wrapped,
)

PLACES = {name: f"/usr/bin/{name}" for name in TOOLS}
ROOT = Ability(Footing.MANY_USERS, True, PLACES)
PERSON = Ability(Footing.OWN_NAMESPACES, False, PLACES)
NAKED = Ability(Footing.ONE_USER, False, PLACES)
EVAL = Identity("nixie-eval", 61112, 61112)
DHCP = Identity("nixie-dhcp", 61102, 61100, ("net_bind_service", "net_raw"))
BUILDS = Bounds(1000, 5)
JOB = Job("eval", ("/opt/nix", "eval"), {"NIX_CONFIG": "secret"})


def after(argv: list[str], tool: str) -> list[str]:
    """The words of the last run of `tool`, up to its "--"."""
    start = len(argv) - 1 - argv[::-1].index(f"/usr/bin/{tool}")
    return argv[start + 1 : argv.index("--", start)]


def test_a_job_becomes_its_user_with_nothing_left() -> None:
    words = after(wrapped(JOB, EVAL, ROOT), "setpriv")
    assert words[:5] == ["--reuid", "61112", "--regid", "61112", "--clear-groups"]
    assert {"--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"} <= set(words)
    assert "--no-new-privs" in words


def test_a_job_without_network_gets_an_empty_namespace() -> None:
    assert "--net" in after(wrapped(JOB, EVAL, ROOT), "unshare")


def test_a_job_with_network_keeps_the_network() -> None:
    job = Job("fetch", ("/opt/nix",), network=True)
    assert "--net" not in wrapped(job, EVAL, ROOT)


def test_a_job_ends_with_its_first_process() -> None:
    assert {"--pid", "--fork", "--kill-child"} <= set(after(wrapped(JOB, EVAL, ROOT), "unshare"))


def test_no_variable_of_a_job_is_in_its_argv() -> None:
    assert "secret" not in " ".join(wrapped(JOB, EVAL, ROOT))


def test_limits_become_resource_limits() -> None:
    job = Job("eval", ("/x",), limits=Limits(memory_bytes=100, cpu_seconds=7, processes=9))
    words = after(wrapped(job, EVAL, ROOT), "prlimit")
    assert words == ["--as=100:100", "--cpu=7:8", "--core=0:0", "--nproc=9:9"]


def test_a_counted_job_has_a_wider_second_wall() -> None:
    job = Job("eval", ("/x",), limits=Limits(memory_bytes=100, processes=9))
    words = after(wrapped(job, EVAL, ROOT, ["/sys/fs/cgroup/a/cgroup.procs"]), "prlimit")
    assert words[0] == f"--as={100 + (1 << 30)}:{100 + (1 << 30)}"
    assert words[3] == "--nproc=72:72"


def test_a_counted_job_joins_its_groups_before_anything_else() -> None:
    argv = wrapped(JOB, EVAL, ROOT, ["/sys/fs/cgroup/a/cgroup.procs"])
    assert argv.index("/sys/fs/cgroup/a/cgroup.procs") < argv.index("/usr/bin/unshare")


def test_an_ordinary_user_is_the_confined_user_inside_only() -> None:
    argv = wrapped(JOB, EVAL, PERSON)
    assert "--map-root-user" in argv
    assert after(argv, "unshare") == ["--user", "--map-user=61112", "--map-group=61112"]
    assert "--reuid" not in argv


def test_without_namespaces_a_job_still_loses_its_privileges() -> None:
    argv = wrapped(JOB, EVAL, NAKED)
    assert "/usr/bin/unshare" not in argv
    assert "--no-new-privs" in after(argv, "setpriv")
    assert argv[-2:] == ["/opt/nix", "eval"]


@pytest.mark.parametrize(
    ("footing_", "count"),
    [(Footing.MANY_USERS, 0), (Footing.OWN_NAMESPACES, 2), (Footing.ONE_USER, 3)],
)
def test_every_missing_wall_is_said(footing_: Footing, count: int) -> None:
    assert len(lower_walls(Ability(footing_, False, PLACES))) == count


def test_beside_the_routers_filter_that_is_said() -> None:
    (said,) = lower_walls(Ability(Footing.MANY_USERS, True, PLACES), apart=True)
    assert "beside the router's filter" in said


def test_builds_join_their_control_groups() -> None:
    argv = bounded(ROOT, ["/sys/fs/cgroup/builds/cgroup.procs"], BUILDS)
    assert argv[-2:] == ["/sys/fs/cgroup/builds/cgroup.procs", "--"]
    assert "/usr/bin/prlimit" not in argv


def test_without_control_groups_each_process_of_a_build_is_held_by_itself() -> None:
    assert after(bounded(ROOT, [], BUILDS), "prlimit") == ["--data=1000:1000", "--nproc=5:5"]


def test_builds_that_share_no_limit_are_said() -> None:
    assert "held to 7 GiB" in shared_builds(Bounds(7 << 30, 5))


def test_a_role_keeps_its_own_capabilities_and_no_other() -> None:
    words = after(role_argv(["/py"], DHCP, ROOT, folder="/program"), "setpriv")
    kept = "-all,+net_bind_service,+net_raw"
    assert f"--ambient-caps={kept}" in words
    assert f"--inh-caps={kept}" in words
    assert f"--bounding-set={kept}" in words


def test_a_role_dies_with_the_supervisor() -> None:
    words = after(role_argv(["/py"], DHCP, ROOT, folder="/program"), "setpriv")
    assert words[-2:] == ["--pdeathsig", "KILL"]


def test_a_role_enters_its_namespace_before_it_loses_root() -> None:
    argv = role_argv(["/py"], DHCP, ROOT, folder="/program", namespace="/run/netns/lab")
    assert argv.index("--net=/run/netns/lab") < argv.index("--reuid")


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LIBMOUNT_DEBUG", "BASH_ENV", "ENV", "GLIBC_TUNABLES", "A=B", ""]
)
def test_a_variable_that_steers_the_tools_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="may not set the variable"):
        Job("eval", ("/x",), {name: "1"})


@pytest.mark.parametrize("argv", [(), ("nix",), ("./nix",)])
def test_a_program_without_an_absolute_path_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        Job("eval", argv)


def test_a_folder_with_dots_is_refused() -> None:
    with pytest.raises(ValueError, match="absolute path"):
        Job("eval", ("/x",), readable=("/a/../etc",))


def test_a_job_has_an_empty_home_unless_it_says_otherwise() -> None:
    assert environment(Job("eval", ("/x",)))["HOME"] == "/tmp"
    assert environment(Job("fetch", ("/x",), {"HOME": "/cache"}))["HOME"] == "/cache"


def test_root_of_a_small_user_namespace_has_one_user() -> None:
    found = footing(root=True, uid_map="         0       1000          1", wanted=[61100],
                    namespaces=True)  # fmt: skip
    assert found is Footing.OWN_NAMESPACES


def test_root_of_the_machine_has_many_users() -> None:
    found = footing(root=True, uid_map="0 0 4294967295", wanted=[61100, 61112], namespaces=False)
    assert found is Footing.MANY_USERS


def test_an_account_of_the_machine_wins_over_the_number() -> None:
    accounts = "root:x:0:0::/root:/bin/sh\nnixie-dns:x:993:990::/:/bin/false\n"
    assert named("nixie-dns", 61103, accounts) == 993


@given(st.text())
def test_no_account_file_makes_it_fail(accounts: str) -> None:
    assert named("nixie-dns", 61103, accounts) == 61103


def test_roles_share_the_group_that_confined_users_are_not_in() -> None:
    roles, confined = identities(ROLES.values(), "", "")
    assert {who.gid for who in roles.values()} == {GROUP[1]}
    assert GROUP[1] not in {who.gid for who in confined.values()}


def test_everybody_has_a_uid_of_its_own() -> None:
    roles, confined = identities(ROLES.values(), "", "")
    uids = [who.uid for who in (*roles.values(), *confined.values())]
    assert len(set(uids)) == len(ROLES) + len(CONFINED)
    assert all(61100 <= uid < 61184 for uid in uids)


def test_a_locked_program_can_write_into_its_own_folders_only() -> None:
    who = Identity("pppd", 0, 61100, ("net_admin",))
    argv = role_argv(["/pppd"], who, ROOT, folder="/", binds=[("/a", "/etc")], locked=True)
    (script,) = [word for word in argv if "remount,bind,ro /" in word]
    assert script.index("--bind") < script.index("remount")
    plain = role_argv(["/pppd"], who, ROOT, folder="/", binds=[("/a", "/etc")])
    assert not [word for word in plain if "remount" in word]
