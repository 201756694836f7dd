"""`crossfade mix` against a real controller."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.controller.commands.conftest import Run
from tests.controller.served import ADMIN_TOKEN, Controller, applied, begin, trained
from tests.eventually import eventually


def test_show_prints_the_mixture(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    shown = crossfade("mix", "show", run)
    assert shown.code == 0
    assert [line.split() for line in shown.out.splitlines()[1:]] == [
        ["source", "weight", "realised"],
        ["math", "10.00", "%", "-"],
        ["web", "90.00", "%", "-"],
    ]
    assert shown.out.startswith("version 1 ")
    assert json.loads(crossfade("mix", "show", run, "--json").out)["weights"] == {"math": 0.1, "web": 0.9}


def test_set_shows_where_it_leads_and_asks_first(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    refused = crossfade("mix", "set", run, "math=0.3", "--reason", "math lags", typed="n\n")
    assert (refused.code, refused.out) == (1, "")
    assert "math    10.00 %  30.00 %  +20" in refused.notes
    assert "epochs at end" in refused.notes
    assert "1.00 of 4" in refused.notes
    assert controller.get(f"/v1/runs/{run}")["version"] == 1
    agreed = crossfade("mix", "set", run, "math=0.3", "--reason", "math lags", typed="y\n")
    assert (agreed.code, agreed.out) == (0, "version 2  accepted\n")
    assert f"crossfade mix watch {run} 2" in agreed.notes
    made = controller.get(f"/v1/runs/{run}/mixture")
    assert (made["weights"], made["reason"], made["author"]) == ({"math": 0.3, "web": 0.7}, "math lags", "admin")


def test_where_nobody_can_be_asked_nothing_is_made(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    for change in (("set", run, "math=0.3"), ("multiply", run, "math=2"), ("restore", run, "1")):
        ended = crossfade("mix", *change, "--reason", "x")
        assert (ended.code, ended.out) == (2, "")
        assert "standard input is no terminal" in ended.notes
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


def test_a_dry_run_changes_nothing(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run(guardrails={"ceilings": {"math": 0.2}})
    shown = crossfade("mix", "set", run, "math=0.3", "--reason", "x", "--dry-run")
    assert shown.code == 0
    assert "math    10.00 %  30.00 %  20.00 %  +10" in shown.out
    assert "guard rail ceiling: " in shown.out
    verdict = json.loads(crossfade("mix", "set", run, "math=0.3", "--reason", "x", "--dry-run", "--json").out)
    assert (verdict["valid"], verdict["weights"]["math"], verdict["asked_weights"]["math"]) == (True, 0.2, 0.3)
    assert controller.get(f"/v1/runs/{run}")["version"] == 1


def test_a_guard_rail_that_refuses_has_its_exit_code(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run(guardrails={"cool_down_steps": 1000})
    made = controller.post_version(run, 1).json()
    controller.report(run, 1, 0, begin(), trained(3), applied(2, made["weights_ppm"], 3))
    eventually(lambda: controller.get(f"/v1/runs/{run}/mixture")["state"] == "applied")
    arguments = ("mix", "multiply", run, "math=1.1", "--reason", "x")
    refused = crossfade(*arguments, "--yes")
    assert (refused.code, refused.out) == (4, "")
    assert "cool" in refused.notes
    assert crossfade(*arguments, "--dry-run").code == 4
    passed = crossfade(*arguments, "--yes", "--override", "cool_down")
    assert (passed.code, passed.out) == (0, "version 3  accepted\n")


def test_set_of_every_source_takes_relative_numbers(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run(guardrails={"epoch_budget": False})
    options = ("--reason", "even", "--yes", "--json", "--takes-effect", "step:40", "--on-behalf-of", "the team")
    made = json.loads(crossfade("mix", "set", run, "math=3", "web=3", *options).out)
    assert (made["weights"], made["takes_effect"]) == ({"math": 0.5, "web": 0.5}, {"step": 40})
    assert made["on_behalf_of"] == "the team"


def test_multiply_history_diff_and_restore(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    assert crossfade("mix", "multiply", run, "math=1.5", "--reason", "more", "--yes").code == 0
    assert crossfade("mix", "restore", run, "1", "--yes").code == 0
    assert crossfade("mix", "set", run, "math=0.1", "--reason", "bold \x1b[1m\nline", "--yes").code == 0
    assert r"bold \x1b[1m\nline" in crossfade("mix", "show", run).out
    history = crossfade("mix", "history", run).out.splitlines()
    assert r"bold \x1b[1m\nline" in history.pop(1)
    assert [line.split()[0] for line in history] == ["version", "3", "2", "1"]
    assert "restore version 1" in history[1]
    newest = json.loads(crossfade("mix", "history", run, "--json", "--limit", "2").out)
    assert [each["version"] for each in newest] == [4, 3]
    assert "math    10.00 %  15.00 %  +5" in crossfade("mix", "diff", run, "2").out
    assert json.loads(crossfade("mix", "diff", run, "3", "--base", "1", "--json").out)["total_variation"] == 0


def test_watch_waits_until_the_workers_apply_it(controller: Controller, crossfade: Run) -> None:
    run = controller.new_run()
    controller.report(run, 1, 0, begin())
    made = controller.post_version(run, 1).json()
    report = applied(2, made["weights_ppm"], 7)
    later = threading.Timer(0.5, lambda: controller.report(run, 1, 1, report))
    later.start()
    watched = crossfade("mix", "watch", run, "2", "--json")
    later.join()
    states = [json.loads(line)["state"] for line in watched.out.splitlines()]
    assert (watched.code, states[-1]) == (0, "applied")
    assert crossfade("mix", "watch", run).out == "version 2  applied at step 7\n"
    superseded = crossfade("mix", "watch", run, "1")
    assert (superseded.code, superseded.out) == (3, "version 1  superseded\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "{run}", "maths=0.3", "--reason", "x", "--yes"), "there is no source 'maths'"),
        (("set", "{run}", "math", "--reason", "x", "--yes"), "'math' is not SOURCE=NUMBER"),
        (("set", "{run}", "math=0.1", "math=0.2", "--reason", "x", "--yes"), "given twice"),
        (("set", "{run}", "math=nan", "--reason", "x", "--yes"), "'math=nan' is not SOURCE=NUMBER"),
        (
            ("set", "{run}", "math=0.3", "--reason", "x", "--yes", "--takes-effect", "soon"),
            "next_step, step:N or tokens:N",
        ),
        (("show", "nobody"), "there is no run 'nobody'"),
        (("show", "a/b?c#d e"), "run: 'a/b?c#d e' is not a valid name"),
        (("diff", "{run}", "9"), "has no version 9"),
        (("show", "{run}", "--token-file", "none"), "--token-file none cannot be read"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    controller: Controller, crossfade: Run, arguments: tuple[str, ...], message: str
) -> None:
    run = controller.new_run()
    ended = crossfade("mix", *(argument.format(run=run) for argument in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.notes
    assert "Traceback" not in ended.notes


def test_a_controller_that_is_away_is_told(crossfade: Run) -> None:
    ended = crossfade("mix", "show", "any", url="http://127.0.0.1:9")
    assert ended.code == 5
    assert "start one with `crossfade serve`" in ended.notes
    assert crossfade("mix", "show", "any", url="localhost").code == 2


def test_a_token_of_too_small_a_scope_is_told(controller: Controller, crossfade: Run, tmp_path: Path) -> None:
    run = controller.new_run()
    made = controller.http.post("/v1/tokens", json={"name": "looker", "scopes": ["viewer"]}).json()
    file = tmp_path / "token"
    file.write_text(made["token"])
    arguments = ("mix", "multiply", run, "math=1.5", "--reason", "x", "--yes", "--token-file", str(file))
    refused = crossfade(*arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "operator" in refused.notes


def test_at_a_terminal_it_asks_there_and_tables_are_set_off(controller: Controller) -> None:
    run = controller.new_run()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "crossfade_shared.command_line", "mix", "set", run, "math=0.3", "--reason", "x"]
    environment = os.environ | {"CROSSFADE_CONTROLLER": controller.url, "CROSSFADE_TOKEN": ADMIN_TOKEN, "TERM": "xterm"}
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while b"[y/N]" not in seen:
        seen += os.read(ours, 4096)
    os.write(ours, b"y\n")
    out, _ = process.communicate(timeout=20)
    os.close(ours)
    assert (process.returncode, out) == (0, b"version 2  accepted\n")
    assert b"\x1b[1m" in seen
    assert b"\x1b" not in out


def test_it_loads_neither_torch_nor_the_service(controller: Controller) -> None:
    look = """
import sys
from crossfade_shared.command_line import main
heavy, sys.argv[1:] = sys.argv[1].split(), sys.argv[2:]
try:
    main()
finally:
    print([name for name in heavy if name in sys.modules])
"""
    heavy = "torch numpy transformers fastapi sqlalchemy rich httpx2 redis asyncio yaml"
    show = ["mix", "show", controller.new_run(), "--controller", controller.url]
    done = subprocess.run([sys.executable, "-c", look, heavy, *show], capture_output=True, text=True, check=True)
    *shown, loaded = done.stdout.splitlines()
    assert shown[0].startswith("version 1 ")
    assert loaded == "[]"
