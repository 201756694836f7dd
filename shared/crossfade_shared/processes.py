"""Child processes that never outlive us: they end with their parent, even if it is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str],
    *,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child that gets SIGTERM when the calling thread's process ends, however it ends (Linux).

    Its standard output and error are appended to `log`, or discarded. It runs in a session of its own, so that a
    Ctrl-C in the terminal reaches the parent alone, which stops its children in order. It inherits the descriptors
    in `keep_open`, and with them what is locked by them.
    """
    output = log.open("ab") if log else subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=keep_open,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one system call
        )
    finally:
        if not isinstance(output, int):
            output.close()


def stop(process: subprocess.Popen[bytes], *, patience_seconds: float = 10.0) -> int:
    """Ask a child's whole process group to end, kill what is left after the patience, and give its exit code."""
    _signal_group(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=patience_seconds)
    _signal_group(process, signal.SIGKILL)
    return process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)  # start_new_session made the child the leader of its own group


def end_with_parent() -> None:
    """Have this process get SIGTERM when its parent ends, however that ends (Linux; elsewhere nothing is done)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
