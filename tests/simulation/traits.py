"""What is chosen once for a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from tests.simulation.acts import ACTS, BETWEEN_RUNS

FAULTS = (
    "html", "html_502", "empty", "empty_500", "http_503", "error_200", "truncated",
    "truncated_json", "reset", "expired", "redirect", "retry_after_429", "no_value",
    "value_not_list", "shuffled", "duplicate", "dropped_row", "foreign_row", "wrong_count",
)  # fmt: skip
ABLATIONS = ("changed", "open", "follow_ups", "audit")
"""Probes that can be switched off, one at a time."""
SERVICE_LAYER, GATEWAY = "service_layer", "gateway"
COUNTED = ("text", "number")
COUNTINGS = (*COUNTED, "none", "bare")
UNSEEN_UNCOUNTED = ("dropped_row",)
"""Nothing shows that a row is lacking where rows are not counted."""
BUSINESS = ("business", "edit")


def dice(seed: int) -> Random:
    """By which a seed decides everything, its traits first."""
    return Random(f"simulation:{seed}")


@dataclass(frozen=True, slots=True)
class Traits:
    """`unrest` is how likely something happens at a request, `brake` how many missing orders pull
    it, `kinds` and `between` what may happen at any moment and only between runs."""

    orders: int
    stamps_all: bool
    page_size: int
    light_page_size: int
    version: int
    unrest: float
    kinds: tuple[str, ...]
    faults: tuple[str, ...]
    without: str | None
    between: tuple[str, ...] = ()
    brake: int = 20
    source: str = SERVICE_LAYER
    counting: str = "text"
    """How a gateway counts."""
    scoped: bool = False
    """Whether which orders are to be mirrored changes now and then."""

    @property
    def is_calm(self) -> bool:
        """Whether nothing happens at SAP but business, and every probe looks for it."""
        return self.kinds == BUSINESS and not self.between and self.without is None

    @classmethod
    def of(cls, rng: Random, source: str = SERVICE_LAYER) -> Traits:
        """Some worlds know SAP's own business only, the others a random half of all that may be."""
        traits = replace(cls._of_any(rng), scoped=rng.random() < 0.3)
        if source == SERVICE_LAYER:
            return traits
        counting = rng.choice(COUNTINGS)
        counted = counting in COUNTED
        return replace(
            traits,
            source=source,
            counting=counting,
            faults=tuple(kind for kind in FAULTS if counted or kind not in UNSEEN_UNCOUNTED),
            without=traits.without if traits.without == "audit" else None,
        )

    @classmethod
    def _of_any(cls, rng: Random) -> Traits:
        calm = rng.random() < 0.2
        return cls(
            orders=rng.randrange(4, 13),
            stamps_all=rng.random() < 0.5,
            page_size=rng.randrange(2, 6),
            light_page_size=rng.randrange(2, 6),
            version=rng.choice((1, 2)),
            unrest=rng.choice((0.0, 0.05, 0.15, 0.3)),
            kinds=BUSINESS if calm else (*BUSINESS, *_half(rng, ACTS)),
            faults=FAULTS,
            without=rng.choice(ABLATIONS) if rng.random() < 0.2 else None,
            between=() if calm else _half(rng, BETWEEN_RUNS),
            brake=rng.choice((1, 20)),
        )


def _half(rng: Random, acts: dict) -> tuple[str, ...]:
    return tuple(act for act in acts if rng.random() < 0.5)


def told(traits: Traits) -> tuple[str, ...]:
    """What of it is counted when many seeds have been played."""
    return (
        f"source {traits.source}",
        f"without {traits.without or 'nothing'}",
        f"stamps by {'every event' if traits.stamps_all else 'edits only'}",
        *(["scoped"] if traits.scoped else []),
    )
