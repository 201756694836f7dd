"""The decay of the learning rate that a version may begin: how long it is, and whether it may."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from crossfade_controller.forecast.progress import RunProgress
from crossfade_controller.problems import Problem
from crossfade_controller.runs.models import Run


@dataclass(frozen=True)
class Decay:
    """A decay over a number of tokens, or over a share of the run's horizon."""

    tokens: int | None = None
    share: float | None = None

    def of(self, run: Run, progress: RunProgress) -> int:
        """Give its tokens, where it begins at a progress; raises a 422 `Problem` if the run ends before it would."""
        asked, place = self.tokens, "tokens"
        if asked is None:
            asked, place = math.ceil(Fraction(str(self.share)) * run.horizon_tokens), "share"
        if asked <= progress.remaining_tokens:
            return asked
        raise Problem(
            422,
            f"{place}: a decay over {asked} tokens does not end within the run's horizon; {progress.remaining_tokens} "
            "tokens are left where it would begin",
            kind="beyond-horizon",
            field=place,
            horizon_tokens=run.horizon_tokens,
        )


def check_no_decay_began(run: Run) -> None:
    """Raise a 409 `Problem` where the workers tell that the learning rate falls already."""
    if run.phase == "decay":
        raise Problem(
            409, f"the learning rate falls already, at step {run.step}; it can be begun once", kind="decay-began"
        )
