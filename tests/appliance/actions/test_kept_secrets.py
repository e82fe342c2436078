from contextlib import closing
from pathlib import Path

import pytest

from appliance.actions.kept_secrets import SECRET_LONGEST, check_secret, hand_over, is_kept
from appliance.actions.open import open_desk
from appliance.errors import Refused
from tests.webui.memory import remembering


@pytest.mark.parametrize("secret", ["x" * (SECRET_LONGEST + 1), "a\nb", "\0"])
def test_a_secret_that_nobody_meant_is_refused(secret: str) -> None:
    with pytest.raises(Refused, match="visible characters"):
        check_secret(secret)


def test_a_secret_goes_to_the_role_alone(tmp_path: Path) -> None:
    with closing(open_desk(tmp_path)) as desk, remembering(tmp_path, "notice", [True]) as asked:
        hand_over(desk, "id", "canary")
        assert is_kept(desk, "id")
    assert asked == [{"of": "id", "secret": "canary"}, {"of": "id"}]


def test_a_role_that_is_away_keeps_nothing(tmp_path: Path) -> None:
    with closing(open_desk(tmp_path)) as desk:
        assert not is_kept(desk, "id")
        with pytest.raises(Refused, match="does not answer"):
            hand_over(desk, "id", "canary")
