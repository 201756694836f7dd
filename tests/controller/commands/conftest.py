"""The command line, run in this process against a real controller."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.controller.served import ADMIN_TOKEN, Controller

from crossfade_shared.command_line import main


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: Any
    out: str
    notes: str


Run = Callable[..., Ended]


@pytest.fixture(scope="session")
def controller(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A controller on SQLite: a command cannot tell the databases apart."""
    folder = tmp_path_factory.mktemp("commands")
    served = Controller(folder, database_url=f"sqlite:///{folder / 'crossfade.db'}", redis_url=redis_url)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def crossfade(controller: Controller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs a command; `typed` is typed at a terminal, without it standard input is none."""

    def run(*arguments: str, typed: str | None = None, url: str = "", token: str = ADMIN_TOKEN) -> Ended:
        monkeypatch.setenv("CROSSFADE_CONTROLLER", url or controller.url)
        monkeypatch.setenv("CROSSFADE_TOKEN", token)
        monkeypatch.setattr("sys.argv", ["crossfade", *arguments])
        monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Terminal(typed))
        with pytest.raises(SystemExit) as leaving:
            main()
        return Ended(leaving.value.code, *capsys.readouterr())

    return run
