"""What the dns role may ask the broker to run: fetching one list, as `fetch`."""

import re
from collections.abc import Callable, Mapping
from typing import get_args

from appliance.errors import Problem, Refused
from appliance.model.dns import ListUrl
from appliance.model.installed import Installed
from services.processes.privileges import Job, Limits

Verb = Callable[[Mapping[str, object], Installed], Job]

LIMITS = Limits(
    memory_bytes=512 << 20, cpu_seconds=120, seconds=300.0, output_bytes=48 << 20, processes=8
)


def verbs() -> Mapping[str, Verb]:
    """The verbs by name, for the broker."""
    return {"list": _list}


def _list(args: Mapping[str, object], installed: Installed) -> Job:
    """Fetch the list at `url`.  Raises Refused when it is no address of one."""
    url = args["url"]
    (limit,) = get_args(ListUrl)[1:]
    if not isinstance(url, str) or not re.fullmatch(limit.pattern, url):
        raise Refused(Problem(("url",), f"{url!r} is no address of a list."))
    return Job(
        user="list",
        argv=(str(installed.python), "-m", "services.dns.download.client", url),
        env={"PYTHONPATH": str(installed.program), "PYTHONDONTWRITEBYTECODE": "1"},
        network=True,
        limits=LIMITS,
    )
