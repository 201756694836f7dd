"""A controller whose wall clock is off by the seconds that a file says: `python shifted_clock.py FILE ARGUMENTS…`."""

import runpy
import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from crossfade_controller import database

_off_seconds = Path(sys.argv.pop(1))


class ShiftedClock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # a plain one
        return datetime.now(tz) + timedelta(seconds=float(_off_seconds.read_text()))


database.datetime = ShiftedClock  # type: ignore[misc] # the one place where the controller reads the wall clock
runpy.run_module("crossfade_controller", run_name="__main__", alter_sys=True)
