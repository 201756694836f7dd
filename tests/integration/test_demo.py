"""The demo as a newcomer meets it: two ranks, stopped by Ctrl-C in the middle, resumed, and proved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.eventually import eventually

from crossfade_worker.demo.place import DemoPlace

pytestmark = pytest.mark.timeout(900)
STEPS = 60
SOURCES = {"code", "math", "prose", "web"}


def start_demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "crossfade_shared.command_line", "demo", "--directory", "demo", *options]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr
    seen = ""
    for line in process.stderr:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"{words!r} never came:\n{seen}")


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C, and once more if the first was lost in the middle of a fork; gives the last notes."""
    for patience_seconds in (20, 60):
        os.kill(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=patience_seconds)[1]
    raise AssertionError("the demo does not stop")


def still_running(members: Sequence[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(members, timeout=20)
    return alive


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """A demo that was interrupted after its change and resumed; gives its folder, JSON object and notes."""
    folder = tmp_path_factory.mktemp("demo")
    first = start_demo(folder, "--ranks", "2", "--steps", str(STEPS))
    notes = read_until(first, "applied:")
    started = family(first)
    assert len(started) >= 5  # Redis, controller, launcher, two ranks, evaluator
    os.kill(first.pid, signal.SIGINT)
    _, rest = first.communicate(timeout=120)
    assert first.returncode == 130, rest
    assert "crossfade demo --resume" in rest
    assert still_running(started) == []
    assert list(folder.rglob("*.partial")) == []

    second = start_demo(folder, "--ranks", "2", "--resume", "--json")
    output, more = second.communicate(timeout=600)
    assert second.returncode == 0, more
    return folder, json.loads(output), notes


def test_the_notes_say_where_everything_is(demo: tuple[Path, dict[str, Any], str]) -> None:
    _, _, notes = demo
    assert "page        http://127.0.0.1:" in notes
    assert "crossfade mix multiply demo-1 math=4 --reason" in notes


def test_every_rank_reported_the_same_step(demo: tuple[Path, dict[str, Any], str]) -> None:
    _, result, notes = demo
    (change,) = result["changes"]
    assert change["version"] == 2
    assert set(change["effective_step"]) == {"0", "1"}
    assert change["effective_step"]["0"] == change["effective_step"]["1"] > change["asked_at_step"]
    assert f"rank 0 at step {change['effective_step']['0']}, rank 1 at step" in notes


def test_the_object_has_every_figure(demo: tuple[Path, dict[str, Any], str]) -> None:
    _, result, _ = demo
    assert result["run"] == "demo-1"
    assert (result["ranks"], result["steps"], result["tokens"]) == (2, STEPS, STEPS * 32 * 128)
    assert result["replay"] == {"batches": STEPS, "mismatches": 0}
    assert set(result["sources"]) == SOURCES
    for figures in result["sources"].values():
        assert set(figures) == {"requested", "realised", "loss", "bits_per_byte", "score", "score_stderr"}
        for pair in figures.values():
            assert set(pair) == {"before", "after"}
            assert all(isinstance(value, float) for value in pair.values())
        assert figures["loss"]["after"] < figures["loss"]["before"]
        assert figures["bits_per_byte"]["after"] < figures["bits_per_byte"]["before"]


def test_realised_shares_are_the_requested_ones(demo: tuple[Path, dict[str, Any], str]) -> None:
    _, result, _ = demo
    (change,) = result["changes"]
    switch = change["effective_step"]["0"]
    for side, num_steps in (("before", switch), ("after", STEPS - switch)):
        for figures in result["sources"].values():
            # At most 2 sequences away at either end of the side.
            assert abs(figures["realised"][side] - figures["requested"][side]) < 4 / (num_steps * 32)
    math = result["sources"]["math"]["requested"]
    assert math["after"] == pytest.approx(4 * math["before"])


def test_another_resume_shows_the_figures_again(demo: tuple[Path, dict[str, Any], str]) -> None:
    folder, result, _ = demo
    third = start_demo(folder, "--ranks", "2", "--resume", "--json")
    output, notes = third.communicate(timeout=300)
    assert third.returncode == 0, notes
    assert json.loads(output) == result


def test_ctrl_c_while_the_corpus_is_made_leaves_nothing_running_and_can_be_resumed(tmp_path: Path) -> None:
    first = start_demo(tmp_path, "--steps", "50")
    eventually(lambda: family(first), patience_seconds=60)  # the tokenising processes: nothing else runs yet
    started = family(first)
    notes = interrupt(first)
    assert first.returncode == 130, notes
    assert still_running(started) == []
    second = start_demo(tmp_path, "--steps", "50", "--resume")
    read_until(second, "training ")
    notes = interrupt(second)
    assert second.returncode == 130, notes


def test_two_demos_in_one_folder_are_refused(demo: tuple[Path, dict[str, Any], str]) -> None:
    folder, _, _ = demo
    with DemoPlace(folder / "demo").locked():
        process = start_demo(folder)
        _, notes = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "another demo is running" in notes


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    process = start_demo(tmp_path, "--resume")
    _, notes = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no demo in demo to resume" in notes
