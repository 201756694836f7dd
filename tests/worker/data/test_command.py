"""`crossfade data prepare`: results on standard output, mistakes as one message, no bar in a pipe."""

import json
import subprocess
import sys

from tests.worker.data import corpora

COMMAND = [sys.executable, "-m", "crossfade_shared.command_line", "data", "prepare"]
CORPUS = """
directory: corpus
tokenizer: {train: {vocab_size: 300}}
sources: {letters: {files: ["*.jsonl"]}}
"""


def test_it_prints_one_object_and_nothing_else_in_a_pipe(tmp_path):
    corpora.write_lines(tmp_path / "letters.jsonl", [corpora.text(number) for number in range(30)])
    (tmp_path / "CORPUS.yaml").write_text(CORPUS)
    command = [*COMMAND, tmp_path / "CORPUS.yaml", "--json", "--processes", "1"]
    first = subprocess.run(command, capture_output=True, check=True, text=True)
    again = subprocess.run(command, capture_output=True, check=True, text=True)
    assert first.stderr == ""
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert json.loads(first.stdout)["sources"]["letters"]["num_documents"] > 20
    table = subprocess.run([*COMMAND, tmp_path / "CORPUS.yaml"], capture_output=True, check=True, text=True)
    assert "letters" in table.stdout


def test_a_mistake_is_one_message_and_exit_code_2(tmp_path):
    (tmp_path / "CORPUS.yaml").write_text(CORPUS)
    done = subprocess.run([*COMMAND, tmp_path / "CORPUS.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("crossfade: sources.letters.files.0: no file fits")
    assert done.stdout == ""
