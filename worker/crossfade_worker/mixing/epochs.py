"""How often a run may go through a source: what is declared by source, in epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crossfade_shared.errors import UserError
from crossfade_worker.mixing.exhaustion import Cap, ExhaustionRule


class EpochSettings(BaseModel):
    """How many epochs a source may give, fractions included, and what happens then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_epochs: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
    when_exhausted: ExhaustionRule = "redistribute"
    """`redistribute`: the others share its weight. `stop`: the run ends there, with a checkpoint."""


def caps_in_rows(epochs: Mapping[str, EpochSettings], num_rows: Mapping[str, int]) -> dict[str, Cap]:
    """Give the caps of sources that hold so many rows; a fraction of a row is not given.

    Raises `UserError` for a source that is not there or a cap of not even one row.
    """
    caps = {}
    for name, settings in epochs.items():
        if name not in num_rows:
            raise UserError(
                f"epochs.{name}: there is no source {name!r}; the sources are {', '.join(sorted(num_rows))}",
                field=f"epochs.{name}",
            )
        # As it is written: 0.3 means three tenths, which the nearest float is not.
        rows = math.floor(Fraction(str(settings.max_epochs)) * num_rows[name])
        if rows == 0:
            raise UserError(
                f"epochs.{name}.max_epochs is {settings.max_epochs:g}, which is not one of its {num_rows[name]} rows; "
                "give more, or give the source weight 0",
                field=f"epochs.{name}.max_epochs",
            )
        caps[name] = Cap(rows, settings.when_exhausted)
    return caps
