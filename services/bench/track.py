"""Measurements of two servers, turn by turn, and what to say about them.  Pure."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

Sample = TypeVar("Sample")


def turns(rounds: int, taken: Callable[[str], Sample]) -> dict[str, list[Sample]]:
    """`taken("ours")` and `taken("peer")`, `rounds` times each; who begins changes every round.

    >>> turns(2, lambda who: who[0])
    {'ours': ['o', 'o'], 'peer': ['p', 'p']}
    """
    samples: dict[str, list[Sample]] = {"ours": [], "peer": []}
    for number in range(rounds):
        for who in ("ours", "peer") if number % 2 == 0 else ("peer", "ours"):
            samples[who].append(taken(who))
    return samples


def rate(samples: Sequence[tuple[float, float]]) -> float:
    """The median of amount per second over (amount, seconds)."""
    return median(amount / seconds for amount, seconds in samples)


def spread(samples: Sequence[tuple[float, float]]) -> float:
    """How far the rates lie apart: (best - worst) / median."""
    rates = [amount / seconds for amount, seconds in samples]
    return (max(rates) - min(rates)) / median(rates)


def compared(
    work: str,
    unit: str,
    ours: Sequence[tuple[float, float]],
    peer: Mapping[str, str],
    theirs: Sequence[tuple[float, float]],
    **more: Any,
) -> dict[str, Any]:
    """The figure as `nixie bench` prints it; `ratio` is ours to theirs, more is better.

    >>> compared("x", "MB/s", [(10.0, 1.0)], {"name": "p", "version": "1"}, [(5.0, 1.0)])["ratio"]
    2.0
    """
    mine, its = rate(ours), rate(theirs)
    return {
        "work": work,
        "unit": unit,
        "ours": float(f"{mine:.4g}"),
        "peer": {**peer, "figure": float(f"{its:.4g}")},
        "ratio": round(mine / its, 3),
        "spread": {"ours": round(spread(ours), 3), "peer": round(spread(theirs), 3)},
        **more,
    }
