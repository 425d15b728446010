"""What a bench found, beside what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number. `below` is the target that it must stay under (or reach), None where there is none."""

    name: str
    value: float
    unit: str
    below: float | None = None

    @property
    def met(self) -> bool:
        return self.below is None or self.value <= self.below


def as_json(bench: str, figures: Sequence[Figure]) -> dict[str, Any]:
    """The document that `--json` prints."""
    return {
        "bench": bench,
        "met": all(figure.met for figure in figures),
        "figures": [
            {"name": f.name, "value": round(f.value, 3), "unit": f.unit, "target": f.below, "met": f.met}
            for f in figures
        ],
    }
