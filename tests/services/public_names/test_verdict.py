from services.public_names.dyndns import CODES
from services.public_names.update import MEANINGS
from services.public_names.verdict import Then


def test_both_protocols_know_every_way_on_but_a_quick_one() -> None:
    known = {one.then for one in CODES.values()} | {then for then, _ in MEANINGS.values()}
    assert known == {Then.PUBLISHED, Then.LATER, Then.STOP}
