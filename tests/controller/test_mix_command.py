"""`crossfade mix` against a real controller."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from tests.controller.served import Controller

from crossfade_shared.command_line import main


@pytest.fixture
def mix(controller: Controller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a function that runs the command and gives its exit code, standard output and standard error."""

    def run(*arguments: str, typed: str = "", url: str = "", author: str = "ada") -> tuple[Any, str, str]:
        monkeypatch.setenv("CROSSFADE_CONTROLLER", url or controller.url)
        monkeypatch.setenv("CROSSFADE_AUTHOR", author)
        monkeypatch.setattr("sys.argv", ["crossfade", "mix", *arguments])
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as leaving:
            main()
        return leaving.value.code, *capsys.readouterr()

    return run


def test_show_prints_the_mixture(controller: Controller, mix: Any) -> None:
    run = controller.new_run()
    code, shown, _ = mix("show", run)
    assert code == 0
    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["source", "weight", "realised"],
        ["math", "10.00", "%", "-"],
        ["web", "90.00", "%", "-"],
    ]
    assert shown.startswith("version 1 ")
    assert json.loads(mix("show", run, "--json")[1])["weights"] == {"math": 0.1, "web": 0.9}


def test_set_shows_the_difference_and_asks_first(controller: Controller, mix: Any) -> None:
    run = controller.new_run()
    code, shown, notes = mix("set", run, "math=0.3", "--reason", "math lags", typed="n\n")
    assert code != 0
    assert shown == ""
    assert "math    10.00 %  30.00 %  +20" in notes
    assert controller.get(f"/v1/runs/{run}")["version"] == 1
    code, shown, _ = mix("set", run, "math=0.3", "--reason", "math lags", typed="y\n")
    assert (code, shown) == (0, "version 2  accepted\n")
    made = controller.get(f"/v1/runs/{run}/mixture")
    assert (made["weights"], made["reason"], made["author"]) == ({"math": 0.3, "web": 0.7}, "math lags", "ada")


def test_set_of_every_source_takes_relative_numbers(controller: Controller, mix: Any) -> None:
    run = controller.new_run()
    options = ("--reason", "even", "--yes", "--json", "--takes-effect", "step:40")
    made = json.loads(mix("set", run, "math=3", "web=3", *options)[1])
    assert (made["weights"], made["takes_effect"]) == ({"math": 0.5, "web": 0.5}, {"step": 40})


def test_multiply_history_diff_and_restore(controller: Controller, mix: Any) -> None:
    run = controller.new_run()
    assert mix("multiply", run, "math=1.5", "--reason", "more", "--yes")[0] == 0
    assert mix("restore", run, "1", "--yes")[0] == 0
    history = mix("history", run)[1].splitlines()
    assert [line.split()[0] for line in history] == ["version", "3", "2", "1"]
    assert "restore version 1" in history[1]
    assert [each["version"] for each in json.loads(mix("history", run, "--json")[1])] == [3, 2, 1]
    assert "math    10.00 %  15.00 %" in mix("diff", run, "2")[1]
    assert json.loads(mix("diff", run, "2", "--json")[1])["base_version"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "{run}", "maths=0.3", "--reason", "x"), "there is no source 'maths'"),
        (("set", "{run}", "math", "--reason", "x"), "'math' is not SOURCE=NUMBER"),
        (("set", "{run}", "math=0.1", "math=0.2", "--reason", "x"), "given twice"),
        (("set", "{run}", "math=nan", "--reason", "x"), "set.math is nan"),
        (("set", "{run}", "math=0.3", "--reason", "x", "--takes-effect", "soon"), "next_step, step:N or tokens:N"),
        (("show", "nobody"), "there is no run 'nobody'"),
        (("show", "a/b?c#d e"), "RUN: 'a/b?c#d e' is not a valid name"),
        (("diff", "{run}", "9"), "has no version 9"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    controller: Controller, mix: Any, arguments: tuple[str, ...], message: str
) -> None:
    run = controller.new_run()
    code, shown, notes = mix(*(argument.format(run=run) for argument in arguments))
    assert (code, shown) == (2, "")
    assert message in notes
    assert "Traceback" not in notes


def test_a_controller_that_is_away_is_told(mix: Any) -> None:
    code, _, notes = mix("show", "any", url="http://127.0.0.1:9")
    assert code == 5
    assert "start one with `crossfade serve`" in notes
    assert mix("show", "any", url="localhost")[0] == 2


def test_without_an_author_it_is_the_user_of_the_system(
    controller: Controller, mix: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = controller.new_run()
    monkeypatch.setenv("LOGNAME", "grace")
    options = ("--reason", "x", "--yes", "--json")
    assert json.loads(mix("multiply", run, "math=1.5", *options, author="")[1])["author"] == "grace"
    assert json.loads(mix("multiply", run, "math=1.5", *options, "--author", "mary")[1])["author"] == "mary"


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
    heavy = "torch numpy transformers fastapi sqlalchemy rich httpx2 redis"
    show = ["mix", "show", controller.new_run(), "--controller", controller.url]
    done = subprocess.run([sys.executable, "-c", look, heavy, *show], capture_output=True, text=True, check=True)
    *shown, loaded = done.stdout.splitlines()
    assert shown[0].startswith("version 1 ")
    assert loaded == "[]"
