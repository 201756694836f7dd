"""Where the demo keeps what, and the files it writes for a person to read and copy."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crossfade_shared.errors import UserError
from crossfade_worker.config import RunConfig, load_run_config
from crossfade_worker.data.settings import CorpusSettings, load_corpus_settings
from crossfade_worker.files import held, write_atomically

_MEBIBYTE = 1 << 20
CORPUS: Mapping[str, Any] = {
    "directory": "corpus",
    "tokenizer": {"train": {"vocab_size": 2048}},
    "held_out_fraction": 0.05,
    "sources": {
        "code": {"collect": "python_code", "max_bytes": 6 * _MEBIBYTE},
        "prose": {"collect": "docstrings", "max_bytes": 4 * _MEBIBYTE},
        "web": {"collect": "package_readmes", "max_bytes": 4 * _MEBIBYTE},
        "math": {"collect": "worked_problems", "max_bytes": 4 * _MEBIBYTE},
    },
}
MIXTURE: Mapping[str, float] = {"web": 0.40, "code": 0.35, "prose": 0.20, "math": 0.05}
_RUN_NAME = re.compile(r"demo-(\d+)")


@dataclass(frozen=True)
class DemoPlace:
    """The demo's folder: one corpus and one controller for all its runs."""

    directory: Path

    @property
    def logs(self) -> Path:
        """Folder of what the started processes say."""
        return self.directory / "logs"

    @property
    def redis(self) -> Path:
        """Folder of the embedded Redis."""
        return self.directory / "redis"

    @property
    def token_path(self) -> Path:
        """The controller's admin token, for its user alone to read."""
        return self.directory / "token"

    @property
    def database_url(self) -> str:
        """The controller's database."""
        return f"sqlite:///{self.directory.resolve() / 'controller.db'}"

    @property
    def corpus_yaml(self) -> Path:
        """What the corpus is made of."""
        return self.directory / "corpus.yaml"

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder for this demo; raises `UserError` if another one is running in it."""
        return held(
            self.directory / "demo.lock",
            f"another demo is running in {self.directory}; stop it first, or name another folder with --directory",
        )

    def token(self) -> str:
        """Give the controller's admin token, made at the first call."""
        if not self.token_path.exists():
            self.token_path.touch(mode=0o600)
            self.token_path.write_text(f"cf_{secrets.token_urlsafe(32)}")
        return self.token_path.read_text()

    def corpus_settings(self) -> CorpusSettings:
        """Write corpus.yaml and read it back."""
        write_atomically(self.corpus_yaml, _yaml(CORPUS))
        return load_corpus_settings(self.corpus_yaml)

    def new_run(self) -> DemoRun:
        """Make the folder of a new run."""
        run = DemoRun(self.directory / f"demo-{max(self._numbered(), default=0) + 1}")
        run.directory.mkdir()
        return run

    def run_to_resume(self) -> DemoRun | None:
        """Give the newest run, or None if the demo was stopped before it had one.

        Raises `UserError` if no demo was ever started here.
        """
        runs = {number: DemoRun(path) for number, path in self._numbered().items()}
        begun = [number for number, run in runs.items() if run.yaml_path.exists()]
        if begun:
            return runs[max(begun)]
        if not self.corpus_yaml.exists():
            raise UserError(f"there is no demo in {self.directory} to resume; start one with `crossfade demo`")
        return None

    def _numbered(self) -> dict[int, Path]:
        found = ((path, _RUN_NAME.fullmatch(path.name)) for path in self.directory.glob("demo-*"))
        return {int(match[1]): path for path, match in found if match}


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo."""

    directory: Path

    @property
    def name(self) -> str:
        """The run's name at the controller."""
        return self.directory.name

    @property
    def yaml_path(self) -> Path:
        """The run's configuration."""
        return self.directory / "run.yaml"

    @property
    def key_path(self) -> Path:
        """The run's signing key."""
        return self.directory / "signing_key"

    def config(self) -> RunConfig:
        """Read the configuration."""
        return load_run_config(self.yaml_path)

    def write(self, values: Mapping[str, Any], *, signing_key: str) -> None:
        """Write key and configuration; the configuration last, so that a run without one never began."""
        self.key_path.touch(mode=0o600)
        self.key_path.write_text(signing_key)
        write_atomically(self.yaml_path, _yaml(values))

    def connect(self, *, redis_url: str, controller_url: str) -> None:
        """Put today's addresses into the configuration: a resumed demo may get others than before."""
        values = yaml.safe_load(self.yaml_path.read_text())
        values["control"] = {
            "redis_url": redis_url,
            "signing_key_file": self.key_path.name,
            "controller_url": controller_url,
        }
        write_atomically(self.yaml_path, _yaml(values))

    def remember_change(self, *, version: int, asked_at_step: int) -> None:
        """Note the demo's own change, for the table at the end and for a resume."""
        write_atomically(
            self.directory / "change.json", json.dumps({"version": version, "asked_at_step": asked_at_step}).encode()
        )

    def change(self) -> dict[str, int] | None:
        """Give version and step of the demo's own change, if it has been made."""
        path = self.directory / "change.json"
        if not path.exists():
            return None
        change: dict[str, int] = json.loads(path.read_bytes())
        return change


def run_values(name: str, *, steps: int) -> dict[str, Any]:
    """Give the run.yaml of a demo run, as yet without the addresses of its controller."""
    return {
        "run": name,
        "directory": ".",
        "corpus": "../corpus",
        "mixture": dict(MIXTURE),
        "model": {"preset": "tiny", "sequence_length": 128},
        "training": {
            "total_steps": steps,
            "batch_sequences": 32,
            "micro_batch_sequences": 16,
            "precision": "fp32",
        },
        "optimizer": {"peak_learning_rate": 3e-3, "warmup_steps": min(20, steps // 10), "decay_fraction": 0.2},
        "checkpoint": {"every_steps": max(1, steps // 5)},
        "evaluation": {"num_items": 64, "max_documents": 32},
    }


def _yaml(values: Mapping[str, Any]) -> bytes:
    text: str = yaml.safe_dump(dict(values), sort_keys=False)
    return text.encode()
