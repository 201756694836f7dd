"""The programs in docs/python-client.md, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.controller.served import ADMIN_TOKEN, Controller, applied, begin
from tests.eventually import eventually

PROGRAMS = re.findall(r"```python\n(.*?)```", Path("docs/python-client.md").read_text(), re.DOTALL)
RUN = {
    "name": "smol-135m",
    "sources": [{"name": name, "unique_tokens": 1_000_000} for name in ("web", "code", "math")],
    "mixture": {"web": 0.85, "code": 0.1, "math": 0.05},
}


@pytest.fixture(scope="module")
def controller(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    folder = tmp_path_factory.mktemp("guide")
    served = Controller(folder, database_url=f"sqlite:///{folder / 'crossfade.db'}", redis_url=redis_url)
    served.start()
    served.new_run(**RUN)
    yield served
    served.stop()


def run(program: str, controller: Controller) -> str:
    environment = os.environ | {"CROSSFADE_CONTROLLER": controller.url, "CROSSFADE_TOKEN": ADMIN_TOKEN}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_change_is_made_and_followed(controller: Controller) -> None:
    def train() -> None:
        controller.report(RUN["name"], 1, 0, begin())
        made = eventually(lambda: controller.http.get("/v1/runs/smol-135m/mixtures/2").json().get("weights_ppm"))
        controller.report(RUN["name"], 1, 1, applied(2, made, 7))

    training = threading.Thread(target=train)
    training.start()
    told = run(PROGRAMS[0], controller).splitlines()
    training.join()
    assert told[-2:] == ["version 2 {'code': 0.097368, 'math': 0.075, 'web': 0.827632}", "applied at step 7"]


def test_runs_are_asked_for_at_once(controller: Controller) -> None:
    (line,) = run(PROGRAMS[1], controller).splitlines()
    assert line.startswith("smol-135m {'code': ")
