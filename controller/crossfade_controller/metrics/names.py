"""Which curves a run has."""

from __future__ import annotations

import re
from collections.abc import Iterable

OF_THE_RUN = ("loss", "learning_rate", "gradient_norm", "step_seconds", "mfu")
SOURCE_LOSS = "source_loss/"
SOURCE_TOKENS = "source_tokens/"
_NAME = re.compile(f"{'|'.join(OF_THE_RUN)}|(?:{SOURCE_LOSS}|{SOURCE_TOKENS})" + r"[a-z0-9][a-z0-9_.-]{0,63}")


def is_curve(name: str) -> bool:
    """Tell whether some run may have a curve of this name."""
    return bool(_NAME.fullmatch(name))


def curves_of(sources: Iterable[str]) -> list[str]:
    """Give the curves of a run with these sources."""
    return [*OF_THE_RUN, *(prefix + source for source in sources for prefix in (SOURCE_LOSS, SOURCE_TOKENS))]
