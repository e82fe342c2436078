from pathlib import PurePosixPath

from appliance.roles import ROLES
from services.processes.privileges import Identity, identities
from services.supervisor.state.tree import Place, tree

USERS, _ = identities(ROLES.values(), "", "")
PLACES = {place.path: place for place in tree(ROLES.values(), USERS, Identity("root", 0, 61100))}


def test_no_role_may_write_the_state_directory_itself() -> None:
    assert PLACES[""] == Place("", "folder", 0, 61100, 0o2751)


def test_a_database_belongs_to_its_writer() -> None:
    assert PLACES["leases.db"] == Place(
        "leases.db", "database", USERS["dhcp"].uid, 61100, 0o640, "dhcp"
    )


def test_the_access_database_is_for_the_web_alone() -> None:
    assert PLACES["access.db"].mode == 0o600


def test_a_folder_of_secrets_belongs_to_its_role() -> None:
    assert PLACES["secrets/web"] == Place(
        "secrets/web", "folder", USERS["web"].uid, 61100, 0o2750, "web"
    )


def test_nothing_is_writable_for_a_group() -> None:
    assert not [place for place in PLACES.values() if place.mode & 0o022]


def test_a_folder_comes_after_its_parent() -> None:
    seen: set[str] = set()
    for path in PLACES:
        parents = [str(one) for one in PurePosixPath(path).parents if str(one) != "."]
        assert set(parents) <= seen
        seen.add(path)


def test_every_file_has_one_writer() -> None:
    written = [path for role in ROLES.values() for path in role.writes]
    assert len(written) == len(set(written))
