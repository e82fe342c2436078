import json
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, create_engine

from appliance.errors import Unreachable
from appliance.model.caches import USUAL
from appliance.store import inventory_view
from appliance.store.migrations.open import HERE, carry_out, inventory_engine, people_engine
from appliance.store.open import reader
from appliance.store.tables import ACCESS, ACCESS_LAYOUTS, NIXIE, NIXIE_LAYOUTS


def layout(engine: Engine) -> set[str]:
    """Every table and index, as its sorted words."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = [re.sub(r"[\s(),]+", " ", sql.replace('"', "")).strip() for (sql,) in rows]
    return {" ".join(sorted(one.split(" "))) for one in found}


@pytest.mark.parametrize(
    ("wanted", "scripts", "layouts"),
    [(NIXIE, "nixie", NIXIE_LAYOUTS), (ACCESS, "access", ACCESS_LAYOUTS)],
)
def test_the_scripts_lead_to_the_same_layout_as_a_new_file(
    wanted: MetaData, scripts: str, layouts: tuple[str, ...], tmp_path: Path
) -> None:
    scripted = create_engine("sqlite://")
    with scripted.begin() as connection:
        carry_out(connection, wanted, HERE / scripts)
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    opened = (inventory_engine if scripts == "nixie" else people_engine)(tmp_path)
    assert layout(scripted) == layout(opened)
    assert version == layouts[-1]
    assert [path.name[:4] for path in sorted((HERE / scripts).glob("[0-9]*.py"))] == list(layouts)


def test_a_new_file_and_one_brought_forward_begin_with_the_same_cache(tmp_path: Path) -> None:
    older = create_engine(f"sqlite:///{tmp_path}/older.db")
    with older.begin() as connection:
        carry_out(connection, NIXIE, HERE / "nixie")
    inventory_engine(tmp_path).dispose()
    for name in ("older.db", "nixie.db"):
        with closing(reader(tmp_path / name)) as connection:
            assert inventory_view.caches(connection) == [USUAL]


def test_a_file_opens_again(tmp_path: Path) -> None:
    inventory_engine(tmp_path).dispose()
    inventory_engine(tmp_path).dispose()


def test_a_file_of_a_newer_nixie_is_refused_with_the_way_out(tmp_path: Path) -> None:
    engine = inventory_engine(tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(Unreachable, match=r"newer Nixie.*Start the newer version"):
        inventory_engine(tmp_path)


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "nixie.db").mkdir()
    with pytest.raises(Unreachable, match=r"nixie\.db cannot be opened"):
        inventory_engine(tmp_path)


def test_access_is_for_its_owner_only(tmp_path: Path) -> None:
    people_engine(tmp_path)
    assert (tmp_path / "access.db").stat().st_mode & 0o777 == 0o600


def test_other_roles_read_the_tables_they_were_promised(tmp_path: Path) -> None:
    inventory_engine(tmp_path)
    connection = reader(tmp_path / "nixie.db")
    assert inventory_view.sources(connection) == []
    assert inventory_view.machines(connection) == []
    assert inventory_view.menus(connection) == []
    assert inventory_view.unknowns(connection) == []
    assert inventory_view.allowed_directories(connection) == []
    assert inventory_view.newest_revision(connection) is None
    assert inventory_view.wishes(connection, "build", 0) == []
    connection.close()


def first_layout(path: Path, wanted: MetaData, scripts: str, to: Path) -> Engine:
    """A file as the first Nixie left it."""
    to.mkdir()
    shutil.copy(next((HERE / scripts).glob("0001*.py")), to)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        carry_out(connection, wanted, to)
    return engine


def test_old_acts_keep_the_scope_that_they_needed(tmp_path: Path) -> None:
    old = first_layout(tmp_path / "nixie.db", NIXIE, "nixie", tmp_path / "scripts")
    rows = (
        ("a", "allow_directory", None),
        ("b", "undo", "a"),
        ("c", "undo", "b"),
        ("d", "add_source", None),
        ("e", "undo", "d"),
    )
    with old.begin() as connection:
        for ident, verb, undoes in rows:
            connection.exec_driver_sql(
                "INSERT INTO act (id, account, at, actor, address, verb, subject, what, changes,"
                " undoes) VALUES (?, 'local', 1, 'lena', '', ?, '', '', '[]', ?)",
                (ident, verb, undoes),
            )
    old.dispose()
    opened = inventory_engine(tmp_path)
    with opened.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, scope, actor_kind FROM act ORDER BY id")
        assert [tuple(row) for row in found] == [
            ("a", "admin", ""),
            ("b", "admin", ""),
            ("c", "admin", ""),
            ("d", "write", ""),
            ("e", "write", ""),
        ]
    opened.dispose()


def test_old_lines_of_the_audit_stay_numbered(tmp_path: Path) -> None:
    old = first_layout(tmp_path / "access.db", ACCESS, "access", tmp_path / "scripts")
    with old.begin() as connection:
        for verb in ("claim", "login"):
            connection.exec_driver_sql(
                "INSERT INTO audit (at, account, actor, address, verb, subject, what, outcome)"
                f" VALUES (1, 'local', 'lena', '', '{verb}', '', '', 'done')"
            )
        connection.exec_driver_sql("DELETE FROM audit WHERE verb = 'login'")
    old.dispose()
    opened = people_engine(tmp_path)
    with opened.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO audit (at, account, actor, actor_kind, actor_id, address, verb, subject,"
            " what, outcome) VALUES (2, 'local', 'lena', 'user', 'u', '', 'logout', '', '', 'done')"
        )
        found = connection.exec_driver_sql("SELECT seq, verb, actor_kind FROM audit ORDER BY seq")
        assert [tuple(row) for row in found] == [(1, "claim", ""), (3, "logout", "user")]
    opened.dispose()


def test_who_was_told_of_everything_is_told_of_what_is_seen_from_outside(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    old = first_layout(tmp_path / "nixie.db", NIXIE, "nixie", scripts)
    for number in range(2, 7):
        shutil.copy(next((HERE / "nixie").glob(f"{number:04}*.py")), scripts)
    everything = ["device", "internet", "change", "boot", "build", "role", "disk", "network"]
    chosen = {"a": everything, "b": [*everything, "name"], "c": everything[1:]}
    with old.begin() as connection:
        carry_out(connection, NIXIE, scripts)
        for ident, topics in chosen.items():
            connection.exec_driver_sql(
                "INSERT INTO channel (id, account, origin, kind, name, settings, topics, set_at)"
                f" VALUES ('{ident}', '', '', 'ntfy', '', '{{}}', '{json.dumps(topics)}', 1)"
            )
    old.dispose()
    opened = inventory_engine(tmp_path)
    with opened.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, topics FROM channel ORDER BY id").all()
    opened.dispose()
    assert {ident: "exposed" in json.loads(topics) for ident, topics in found} == {
        "a": True,
        "b": True,
        "c": False,
    }
