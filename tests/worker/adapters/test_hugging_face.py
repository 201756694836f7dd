"""A real Trainer on the CPU with a tiny Llama: a live change, exact resumes, clear refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.worker.streams import expected_rows, ledger_of, publish, reports, rows_of, settings_of, wait_for
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

from crossfade_shared.errors import UserError
from crossfade_shared.telemetry import StepReport
from crossfade_worker.adapters.hugging_face import StreamCallback, StreamDataset
from crossfade_worker.mixing.course import Course, Turn
from crossfade_worker.mixing.journal import Attempt
from crossfade_worker.records.run_directory import RunDirectory
from crossfade_worker.replay import replay_run
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.beginning import Rewind
from crossfade_worker.streaming.mixture_stream import MixtureStream
from crossfade_worker.streaming.settings import StreamSettings

STEPS = 12


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


class Llama(LlamaForCausalLM):
    """Notes the rows of every step that it is trained on."""

    def __init__(self) -> None:
        size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        super().__init__(LlamaConfig(vocab_size=320, **size))
        self.trained: list[torch.Tensor] = []
        self.register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, _model: object, _arguments: object, inputs: dict[str, torch.Tensor]) -> None:
        self.trained.append(inputs["input_ids"].clone())


class PublishInMidRun(TrainerCallback):
    def __init__(self, stream: MixtureStream, redis_url: str, *, after_step: int) -> None:
        self.stream, self.redis_url, self.after_step = stream, redis_url, after_step

    def on_step_end(self, args: object, state: Any, control: object, **_others: object) -> None:
        if state.global_step == self.after_step:
            publish(self.redis_url, 1, {"web": 0, "code": 1, "math": 1})
            wait_for(self.stream, 1)


def trainer_of(folder: Path, stream: MixtureStream, *callbacks: TrainerCallback, **changes: Any) -> Trainer:
    values = {
        "output_dir": folder / "trainer",
        "max_steps": STEPS,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
        "logging_steps": 1,
        "save_steps": 5,
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "dataloader_pin_memory": False,
    }
    torch.manual_seed(0)
    return Trainer(
        model=Llama(),
        args=TrainingArguments(**values | changes),
        train_dataset=StreamDataset(stream),
        callbacks=[*callbacks, StreamCallback(stream)],
    )


def settings(folder: Path, corpus: Path, **changes: Any) -> StreamSettings:
    return settings_of(folder, corpus, total_steps=STEPS, **changes)


def trained_steps(trainer: Trainer) -> list[list[list[int]]]:
    """Give the tokens of every step that the model saw, by row."""
    rows = torch.cat(trainer.model.trained).tolist()
    return [rows[begin : begin + 8] for begin in range(0, len(rows), 8)]


def expected_tokens(stream_settings: StreamSettings) -> list[list[list[int]]]:
    """What a stream without a Trainer draws under the same ledger, in a folder of its own."""
    ledger = ledger_of(stream_settings)
    other = stream_settings.model_copy(
        update={
            "directory": stream_settings.directory.with_name("expected"),
            "control": type(stream_settings.control)(),
        }
    )
    other.directory.mkdir()
    course = Course(ledger, (Turn(0, {}),))
    RunDirectory(other.directory).journal.begin(Attempt(1, 0, rewound=False, course=course))
    with open_stream(other) as stream:
        drawn = [(rows_of(batch), batch.tokens.tolist()) for batch in stream]
    assert [rows for rows, _ in drawn] == expected_rows(stream, ledger, STEPS)
    return [tokens for _, tokens in drawn]


def test_a_live_change_reaches_the_trainer(tmp_path: Path, toy_corpus: Path, redis_url: str) -> None:
    run = settings(tmp_path, toy_corpus, redis_url=redis_url)
    with open_stream(run) as stream:
        trainer = trainer_of(tmp_path, stream, PublishInMidRun(stream, redis_url, after_step=4))
        trainer.train()
    # After step 3 has ended, step 4 is drawn and step 5 announced: the Trainer looks ahead.
    assert ledger_of(run).last.effective_step == 6
    assert trained_steps(trainer) == expected_tokens(run)
    steps = [report for report in reports(redis_url) if isinstance(report, StepReport)]
    logged = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert [(report.step, report.loss) for report in steps] == [(i, entry["loss"]) for i, entry in enumerate(logged)]
    assert [report.version for report in steps] == [0] * 6 + [1] * 6


@pytest.mark.parametrize("ignore_data_skip", [True, False])
def test_a_resume_goes_on_with_the_next_batch(
    tmp_path: Path, toy_corpus: Path, redis_url: str, ignore_data_skip: bool
) -> None:
    run = settings(tmp_path, toy_corpus, redis_url=redis_url)
    with open_stream(run) as stream:
        first = trainer_of(tmp_path, stream, PublishInMidRun(stream, redis_url, after_step=2))
        first.train()
    with open_stream(run) as stream:
        resumed = trainer_of(tmp_path, stream, ignore_data_skip=ignore_data_skip)
        resumed.train(resume_from_checkpoint=str(tmp_path / "trainer/checkpoint-5"))
        assert stream.num_trained_steps == STEPS
    assert trained_steps(first) == expected_tokens(run)
    assert trained_steps(resumed) == trained_steps(first)[5:]
    assert torch.equal(resumed.model.lm_head.weight, first.model.lm_head.weight)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gradient_accumulation_steps": 2}, "is 4, but a step of the stream has batch_sequences = 8"),
        ({"max_steps": STEPS + 1}, "total_steps of the stream is 12"),
        ({"dataloader_num_workers": 1}, "dataloader_num_workers=0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    tmp_path: Path, toy_corpus: Path, changes: dict[str, int], message: str
) -> None:
    with open_stream(settings(tmp_path, toy_corpus)) as stream, pytest.raises(UserError, match=message):
        trainer_of(tmp_path, stream, **changes).train()


def test_a_checkpoint_without_the_callback_is_refused(tmp_path: Path, toy_corpus: Path) -> None:
    with open_stream(settings(tmp_path, toy_corpus)) as stream:
        trainer = trainer_of(tmp_path, stream, max_steps=5)
        trainer.pop_callback(StreamCallback)
        trainer.train()
        with pytest.raises(UserError, match="without StreamCallback"):
            trainer_of(tmp_path, stream).train(resume_from_checkpoint=str(tmp_path / "trainer/checkpoint-5"))


def test_a_stream_that_is_elsewhere_is_refused(tmp_path: Path, toy_corpus: Path) -> None:
    with open_stream(settings(tmp_path, toy_corpus)) as stream:
        next(stream)
        stream.step_ended()
        with pytest.raises(UserError, match="the stream has trained 1 steps and the Trainer 0"):
            trainer_of(tmp_path, stream).train()


def test_a_trainer_goes_back(tmp_path: Path, toy_corpus: Path) -> None:
    run = settings(tmp_path, toy_corpus)
    with open_stream(run) as stream:
        trainer_of(tmp_path, stream).train()
    with open_stream(run) as stream:
        again = trainer_of(tmp_path, stream)
        again.remove_callback(StreamCallback)
        again.add_callback(StreamCallback(stream, rewind=Rewind(skip_steps=2)))
        again.train(resume_from_checkpoint=str(tmp_path / "trainer/checkpoint-5"))
        assert stream.num_trained_steps == STEPS
    found = replay_run(run)
    assert (found.num_batches, found.mismatches) == (STEPS + STEPS - 5, [])
    assert sum(found.attempts[1].course.skipped.values()) == 2 * 8
