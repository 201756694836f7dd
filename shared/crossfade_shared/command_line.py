"""The one command, `crossfade`: each subcommand's module is loaded only when it runs or is asked for its help."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from crossfade_shared.errors import UserError


@dataclass(frozen=True)
class _Entry:
    module: str
    attribute: str
    help: str
    extra: str


_ENTRIES = {
    "demo": _Entry(
        "crossfade_worker.demo.command",
        "app",
        "Train a real model here and change its mixture live.",
        "worker",
    ),
    "serve": _Entry("crossfade_controller.command", "serve_app", "Run the controller.", "controller"),
    "migrate": _Entry(
        "crossfade_controller.command", "migrate_app", "Bring the database to this version.", "controller"
    ),
    "token": _Entry("crossfade_controller.auth.command", "app", "Make, list and revoke tokens.", "controller"),
    "audit": _Entry("crossfade_controller.audit.command", "app", "Check who did what.", "controller"),
    "data": _Entry("crossfade_worker.data.command", "app", "Text to token shards.", "worker"),
    "register": _Entry("crossfade_worker.registration", "app", "Make a run known to its controller.", "worker"),
    "train": _Entry("crossfade_worker.train", "app", "Train in one process.", "worker"),
    "evaluate": _Entry("crossfade_worker.evaluate.command", "app", "Score checkpoints and post the scores.", "worker"),
    "run": _Entry("crossfade_shared.commands.runs", "app", "Register and see runs.", "controller"),
    "mix": _Entry("crossfade_shared.commands.mix", "app", "See and change the mixture of a run.", "controller"),
    "forecast": _Entry("crossfade_shared.commands.runs", "forecast_app", "See where a mixture leads.", "controller"),
    "anneal": _Entry("crossfade_shared.commands.anneal", "app", "Begin a run's decay.", "controller"),
    "freeze": _Entry("crossfade_shared.commands.runs", "freeze_app", "Stop a run's policies.", "controller"),
    "unfreeze": _Entry("crossfade_shared.commands.runs", "unfreeze_app", "Let them go on.", "controller"),
    "events": _Entry("crossfade_shared.commands.events", "app", "Follow what happens to a run.", "controller"),
    "import": _Entry(
        "crossfade_shared.commands.import_scores", "app", "Store scores measured elsewhere.", "controller"
    ),
    "replay": _Entry("crossfade_worker.replay.command", "app", "Prove a run's batches from its ledger.", "worker"),
    "bench": _Entry("crossfade_worker.bench.command", "app", "Measure on this machine.", "worker"),
}


class _LazyCommand(TyperCommand):
    """Knows its name and help; becomes the real command when it is entered."""

    def __init__(self, name: str, entry: _Entry) -> None:
        super().__init__(name=name, help=entry.help, callback=None)
        self._entry = entry

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401 - typer's own
        return self._load().make_context(info_name, args, parent, **extra)

    def _load(self) -> Any:  # noqa: ANN401 - typer's own
        try:
            module = importlib.import_module(self._entry.module)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("crossfade"):
                raise
            raise UserError(
                f"`crossfade {self.name}` needs the package {error.name!r}; "
                f"install it from a checkout with: pip install '.[{self._entry.extra}]'"
            ) from error
        return typer.main.get_command(getattr(module, self._entry.attribute))


class _LazyGroup(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own
        return list(_ENTRIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - typer's own
        entry = _ENTRIES.get(cmd_name)
        return _LazyCommand(cmd_name, entry) if entry else None


app = typer.Typer(
    cls=_LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Steer the data mixture of a language-model run while it trains.",
)


@app.callback()
def _root() -> None:
    """Hold the group together; each subcommand has its own options."""


def main() -> None:
    """Run the command line; a person's mistake ends with its message and exit code, never with a traceback."""
    try:
        app()
    except UserError as error:
        print(f"crossfade: {error}", file=sys.stderr)  # noqa: T201 - this is the terminal
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
