from pathlib import Path

import pytest

from appliance.errors import Refused
from appliance.model.installed import Installed
from services.dns.request import verbs

HERE = Path("/opt/nixie")
INSTALLED = Installed(HERE, HERE / "program", HERE / "python", None, HERE, HERE, HERE)


def test_a_list_is_fetched_by_a_user_that_can_do_nothing_else() -> None:
    job = verbs()["list"]({"url": "https://lists.example/hosts"}, INSTALLED)
    assert (job.user, job.network, job.writable) == ("list", True, ())
    assert job.argv == (
        "/opt/nixie/python",
        "-m",
        "services.dns.download.client",
        "https://lists.example/hosts",
    )


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://a.example/b\nc", "ftp://a/b", "--help", 3, None, ""]
)
def test_what_is_no_web_address_is_refused(url: object) -> None:
    with pytest.raises(Refused):
        verbs()["list"]({"url": url}, INSTALLED)
