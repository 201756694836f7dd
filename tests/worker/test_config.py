"""RUN.yaml: what is wrong is named, and nothing is guessed from text or truth values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.toy import run_values, write_run

from crossfade_shared.errors import UserError
from crossfade_worker.config import load_run_config


@pytest.mark.parametrize(
    ("section", "settings", "hint"),
    [
        ("mixture", {"web": True}, r"mixture.*weights\.web is True; give a finite number"),
        ("mixture", {"web": "0.3"}, r"mixture.*weights\.web is '0\.3'; give a finite number"),
        ("mixture", {"web": float("nan")}, r"weights\.web is nan"),
        ("mixture", {"web": -1}, r"weights\.web is -1"),
        ("training", {"total_steps": "20"}, r"training\.total_steps: .*valid integer"),
        ("training", {"total_steps": True}, r"training\.total_steps: .*valid integer"),
        ("training", {"total_steps": 0}, r"training\.total_steps: .*greater than 0"),
        ("training", {"stepz": 3}, r"training\.stepz: .*not permitted"),
        ("training", {"precision": "fp8"}, r"training\.precision: .*'fp32' or 'bf16'"),
        ("training", {"peak_flops_per_second": 0}, r"training\.peak_flops_per_second: .*greater than 0"),
        ("model", {"preset": "huge"}, r"model\.preset"),
        ("model", {"num_heads": 3}, r"hidden_size 16 must be a multiple of num_heads 3"),
        ("optimizer", {"warmup_steps": 19}, r"do not fit into 20 steps"),
        (
            "control",
            {"redis_url": "localhost:6379", "signing_key_file": "k"},
            r"control\.redis_url.*redis://host:6379/0",
        ),
        ("control", {"redis_url": "redis://localhost:6379/0"}, r"redis_url needs signing_key_file"),
    ],
)
def test_a_mistake_is_named_with_what_is_right(
    tmp_path: Path, section: str, settings: dict[str, Any], hint: str
) -> None:
    path = write_run(tmp_path, run_values(tmp_path / "corpus", **{section: settings}))
    with pytest.raises(UserError, match=f"(?s){hint}"):
        load_run_config(path)


def test_a_bad_name_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path, run_values(tmp_path) | {"run": "My Run"})
    with pytest.raises(UserError, match=r"'My Run' is not a valid name; use 1 to 64 characters"):
        load_run_config(path)


@pytest.mark.parametrize(("content", "hint"), [(None, "cannot be read"), ("not a key", "no hexadecimal key")])
def test_the_key_file_is_looked_at(tmp_path: Path, content: str | None, hint: str) -> None:
    control = {"redis_url": "redis://localhost:6379/0", "signing_key_file": "key"}
    path = write_run(tmp_path, run_values(tmp_path, control=control))
    if content:
        (tmp_path / "key").write_text(content)
    with pytest.raises(UserError, match=hint):
        load_run_config(path).control.signing_key()
