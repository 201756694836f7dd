"""What repeated tokens are worth: Muennighoff et al. 2023, Scaling Data-Constrained Language Models, section 6.

The value of a token falls exponentially with every repetition, with the constant R* = 15.39 that they fitted over 400
runs: D' = U + U·R*·(1 - exp(-R / R*)), with R = D / U - 1 repetitions of U unique tokens.
"""

from __future__ import annotations

import math

REPETITION_CONSTANT = 15.39
NOTICEABLE_EPOCHS = 4.0
"""Up to here repeating costs next to nothing; beyond, the worth of a token falls off."""


def effective_tokens(tokens: float, unique_tokens: int) -> float:
    """Give the number of fresh tokens that are worth as much as these, drawn from so many unique ones."""
    if tokens <= unique_tokens:
        return tokens
    repetitions = tokens / unique_tokens - 1
    fresh_worth = REPETITION_CONSTANT * -math.expm1(-repetitions / REPETITION_CONSTANT)
    return unique_tokens * (1 + fresh_worth)


def mean_token_value(epochs: float) -> float:
    """Give the worth of a token, as a fraction of a fresh one, averaged over so many epochs of a source."""
    return effective_tokens(epochs, 1) / epochs if epochs > 1 else 1.0
