"""The examples, run as the documentation says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.jobs import logged

PLAIN_LOOP = Path("examples/plain_pytorch.py")
TWO_RANKS = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def run(*arguments: object) -> None:
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_the_plain_loop_resumes_with_another_number_of_ranks(tmp_path: Path, toy_corpus: Path) -> None:
    run(PLAIN_LOOP, toy_corpus, tmp_path / "undisturbed")
    run(*TWO_RANKS, PLAIN_LOOP, toy_corpus, tmp_path / "resumed", 15)  # its checkpoint is of step 10
    run(PLAIN_LOOP, toy_corpus, tmp_path / "resumed", 40)
    undisturbed, resumed = logged(tmp_path / "undisturbed"), logged(tmp_path / "resumed")
    plans = [record.plan for record in undisturbed[1, 0]]
    assert len(plans) == 40
    assert [record.plan for record in resumed[1, 0]] == [record.plan for record in resumed[1, 1]] == plans[:15]
    assert [(record.step, record.plan) for record in resumed[2, 0]] == list(enumerate(plans))[10:]
