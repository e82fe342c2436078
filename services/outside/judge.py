"""What there is to tell of a look from outside."""

from appliance.events import Event, OutsideHeard, OutsideRefused, OutsideSilent
from appliance.model.config import RouterConfig
from appliance.model.outside import Seen, exposed, said, unexpected


def judged(wish: str, config: RouterConfig, seen: Seen, now: float) -> Event:
    """What there is to tell of a look."""
    if not seen.answered:
        what = "Nobody answered at the other end of the cable, so its silence proves nothing."
        return OutsideRefused(wish, what)
    wrong = [said(one) for one in unexpected(config, seen.heard, now)]
    wrong += [
        f"{one.owner} listens on {one.link or 'every interface'} at {one.protocol} {one.port}"
        for one in exposed(config, seen.sockets)
    ]
    return OutsideHeard(wish, ", ".join(wrong)) if wrong else OutsideSilent(wish, seen.tried)
