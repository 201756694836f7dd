"""Places where this process can be made to die, as in a power cut, so that tests can look at what is left.

`CROSSFADE_FAILPOINT=NAME` ends the process with SIGKILL the first time it comes to that place, `NAME@3` the third time.
Without the variable a place costs one comparison.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import Literal, get_args

from crossfade_shared.errors import UserError

VARIABLE = "CROSSFADE_FAILPOINT"
Failpoint = Literal[
    "version-before-commit",
    "version-after-commit",
    "before-publish",
    "after-publish",
    "intake-before-commit",
    "intake-after-commit",
]


def read_setting(text: str) -> tuple[str, int]:
    """Read `NAME` or `NAME@TIMES`; raises `UserError` for a place that does not exist."""
    name, _, times = text.partition("@")
    if (text and name not in get_args(Failpoint)) or not (times or "1").isdigit():
        raise UserError(
            f"{VARIABLE}: {text!r} is no place; use NAME or NAME@TIMES with {', '.join(get_args(Failpoint))}"
        )
    return name, int(times or 1)


_armed, _fatal_visit = read_setting(os.environ.get(VARIABLE, ""))
_visits = count(1)


def failpoint(name: Failpoint) -> None:
    """Die here if the environment asks for it."""
    if name == _armed and next(_visits) == _fatal_visit:
        os.kill(os.getpid(), signal.SIGKILL)
