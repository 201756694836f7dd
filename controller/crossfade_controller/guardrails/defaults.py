"""The guard rails of a run that declares none."""

from __future__ import annotations

from crossfade_controller.forecast.progress import RunProgress
from crossfade_controller.guardrails.limits import epoch_budgets, region_of
from crossfade_controller.guardrails.settings import GuardrailSettings


def default_settings(progress: RunProgress) -> GuardrailSettings:
    """Keep sources within their epochs, if they have enough for the whole run between them.

    Where they have not, no mixture could be within them, and every change would be refused.
    """
    names = sorted(source.name for source in progress.sources)
    can_be_kept = not region_of(epoch_budgets(progress), names).is_empty
    return GuardrailSettings(epoch_budget=can_be_kept)
