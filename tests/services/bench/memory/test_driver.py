from services.bench.memory.driver import BUDGET, BUDGET_SUM, told


def test_nix_daemon_is_weighed_beside_the_roles() -> None:
    figures = told([{"supervisor": 30.0, "net": 20.0, "nix-daemon": 20.0}], 28)
    assert (figures["ours"], figures["ratio"]) == (50.0, 0.172)
    assert figures["beside"] == {"nix-daemon": 20.0}


def test_every_role_stands_beside_its_budget() -> None:
    figures = told([dict.fromkeys(BUDGET, 1.0)], 28)
    assert {name: one["budget"] for name, one in figures["roles"].items()} == BUDGET


def test_the_spread_is_that_of_the_sum() -> None:
    figures = told(
        [{"net": 9.0, "dhcp": 10.0}, {"net": 10.0, "dhcp": 10.0}, {"net": 11.0, "dhcp": 10.0}], 1
    )
    assert (figures["ours"], figures["spread"]) == (20.0, {"ours": 0.1})


def test_the_roles_leave_room_for_the_supervisor() -> None:
    assert sum(BUDGET.values()) < BUDGET_SUM
