"""The examples, run as the documentation says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.jobs import logged
from tests.toy import MIXTURE
from tests.worker.streams import settings_of

from crossfade_worker.stream import open_stream

EXAMPLES = [Path("examples/plain_pytorch.py"), Path("examples/hugging_face_trainer.py")]
TWO_RANKS = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def run(*arguments: object) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_resume_with_another_number_of_ranks_goes_on(tmp_path: Path, toy_corpus: Path, example: Path) -> None:
    run(*TWO_RANKS, example, toy_corpus, tmp_path / "resumed", 10)
    run(example, toy_corpus, tmp_path / "resumed", 20)
    expected = settings_of(tmp_path / "expected", toy_corpus, mixture=dict.fromkeys(MIXTURE, 1.0), total_steps=20)
    with open_stream(expected) as stream:
        list(stream)
    plans = [record.plan for record in logged(expected.directory)[1, 0]]
    resumed = logged(tmp_path / "resumed")
    assert [record.plan for record in resumed[1, 0]] == [record.plan for record in resumed[1, 1]] == plans[:10]
    assert [(record.step, record.plan) for record in resumed[2, 0]] == list(enumerate(plans))[10:]
