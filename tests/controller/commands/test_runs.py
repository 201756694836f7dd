"""`crossfade run`, `freeze`, `unfreeze`, `forecast` and `events` against a real controller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.controller.commands.conftest import Run
from tests.controller.served import ADMIN_TOKEN, Controller, begin, run_body, trained
from tests.eventually import eventually


@pytest.fixture
def description(tmp_path: Path) -> Path:
    file = tmp_path / "run.yaml"
    file.write_text(
        json.dumps(run_body(targets=[{"task": "gsm8k", "metric": "exact_match", "value": 0.5}]))
    )  # YAML too
    return file


def test_a_run_is_registered_from_a_file(crossfade: Run, description: Path) -> None:
    created = crossfade("run", "create", str(description))
    assert created.code == 0
    assert len(bytes.fromhex(created.out.strip())) == 32
    assert "is registered" in created.notes
    again = crossfade("run", "create", "-", typed=description.read_text())
    assert (again.code, again.out) == (3, "")
    name = json.loads(description.read_text())["name"]
    assert name in crossfade("run", "list").out
    assert json.loads(crossfade("run", "list", "--json", "--limit", "1").out)[0]["name"] == name
    shown = crossfade("run", "show", name).out
    assert shown.startswith(f"{name}  not begun  mixture version 1\n")
    assert "web     900k           4" in shown
    assert "gsm8k  exact_match  0.5" in shown
    assert json.loads(crossfade("run", "show", name, "--json").out)["horizon_tokens"] == 1_000_000


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1, 2]", "holds no run"), ("{", "cannot be read as YAML or JSON"), ("name: x", "horizon_tokens is missing")],
)
def test_what_is_no_run_is_refused(crossfade: Run, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(text)
    ended = crossfade("run", "create", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.notes


def test_progress_is_shown(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin(), trained(9))
    eventually(lambda: controller.get(f"/v1/runs/{run}")["step"])
    assert "step 9  10k of 1M tokens  stable" in crossfade("run", "show", run).out


def test_a_run_is_frozen_and_released(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    assert crossfade("freeze", run, "--reason", "a spike").out == f"{run}: policies are frozen\n"
    assert "policies are frozen by admin: a spike" in crossfade("run", "show", run).out
    released = crossfade("unfreeze", run, "--reason", "it is over", "--json")
    assert (released.code, json.loads(released.out)["frozen"]) == (0, None)


def test_the_forecast_is_shown(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    shown = crossfade("forecast", run).out
    assert shown.startswith("0 of 1M tokens are trained on\n")
    assert "math    10.00 %  100k           0.33 of 4" in shown
    assert json.loads(crossfade("forecast", run, "--json").out)["horizon_tokens"] == 1_000_000


def test_events_are_printed_and_followed(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    eventually(lambda: len(controller.events(run)) == 2)
    printed = crossfade("events", run, "--no-follow").out.splitlines()
    assert ["accepted" in printed[0], "published" in printed[1]] == [True, True]
    first = json.loads(crossfade("events", run, "--no-follow", "--json").out.splitlines()[0])
    command = [sys.executable, "-m", "crossfade_shared.command_line", "events", run, "--after", str(first["id"])]
    options = ["--json", "--controller", controller.url]
    environment = os.environ | {"CROSSFADE_TOKEN": ADMIN_TOKEN}
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["data"]["state"] == "published"
        controller.post_version(run, 1)
        assert json.loads(process.stdout.readline())["data"]["version"] == 2
        process.terminate()


@pytest.mark.parametrize("words", [("mixx",), ("mix", "shown"), ("mix", "diff", "a", "0"), ("serve", "--port", "x")])
def test_a_mistake_is_one_plain_line_below_the_usage(crossfade: Run, words: tuple[str, ...]) -> None:
    ended = crossfade(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.notes.startswith("Usage: ")
    assert ended.notes.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("words", [(), ("serve",), ("token",), ("audit", "verify"), ("mix", "set")])
def test_help_has_neither_colour_nor_frames(crossfade: Run, words: tuple[str, ...]) -> None:
    ended = crossfade(*words, "--help")
    assert (ended.code, ended.out.isascii()) == (0, True)
    assert "\x1b" not in ended.out
