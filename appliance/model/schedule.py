"""What of the firewall holds at a moment, and when that changes.

Decided here and not in the kernel, whose rules about time know no daylight saving (nft's `hour` and
`day` are compared in the time zone that the rule was written in).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from appliance.model.config import RouterConfig
from appliance.model.firewall import Forward, Rule, Schedule
from appliance.model.week import WEEK, zone


def current(config: RouterConfig, now: float) -> RouterConfig:
    """`config` with only the rules and forwards that hold at `now` (Unix seconds)."""
    where = zone(config.time_zone)
    return replace(
        config,
        rules=tuple(one for one in config.rules if _rule_holds(one, now, where)),
        forwards=tuple(one for one in config.forwards if _lasts(one, now)),
    )


def changes_at(config: RouterConfig, now: float) -> float | None:
    """The first moment after `now` at which `current` may give something else; None for never.

    Where clocks are put back or forward it may be early by an hour, never late by more than one.
    """
    where = zone(config.time_zone)
    found = [*_ends(config, now)]
    for rule in config.rules:
        if rule.enabled and rule.schedule:
            found.extend(_turns(rule.schedule, now, where))
    return min((at for at in found if at > now), default=None)


def holds(schedule: Schedule, now: float, where: tzinfo) -> bool:
    """Is `now` within `schedule`, by the clock of `where`?

    >>> from datetime import UTC
    >>> night = Schedule(("fri",), "22:00", "06:00")
    >>> friday_at_23, saturday_at_5 = 23 * 3600 + 86_400, 5 * 3600 + 2 * 86_400  # 2 January 1970
    >>> holds(night, friday_at_23, UTC), holds(night, saturday_at_5, UTC), holds(night, 0, UTC)
    (True, True, False)
    """
    local = datetime.fromtimestamp(now, where)
    today, yesterday = WEEK[local.weekday()], WEEK[local.weekday() - 1]
    clock = f"{local:%H:%M}"
    if schedule.begins < schedule.ends:
        return today in schedule.weekdays and schedule.begins <= clock < schedule.ends
    evening = today in schedule.weekdays and schedule.begins <= clock
    return evening or (yesterday in schedule.weekdays and clock < schedule.ends)


def _rule_holds(rule: Rule, now: float, where: tzinfo) -> bool:
    return _lasts(rule, now) and (rule.schedule is None or holds(rule.schedule, now, where))


def _lasts(one: Rule | Forward, now: float) -> bool:
    return one.enabled and (one.until is None or now < one.until)


def _ends(config: RouterConfig, now: float) -> Iterator[float]:
    both: tuple[Rule | Forward, ...] = (*config.rules, *config.forwards)
    for one in both:
        if one.until is not None and _lasts(one, now):
            yield float(one.until)


def _turns(schedule: Schedule, now: float, where: tzinfo) -> Iterator[float]:
    """Every beginning and end from yesterday to a week ahead, on whatever day it is."""
    midnight = datetime.fromtimestamp(now, where).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(-1, 9):
        for clock in (schedule.begins, schedule.ends):
            hours, minutes = map(int, clock.split(":"))
            turn = (midnight + timedelta(days=day)).replace(hour=hours, minute=minutes)
            yield from (turn.replace(fold=fold).timestamp() for fold in (0, 1))
