"""Live mixtures in the Hugging Face `Trainer`: a data set and a callback.

    arguments = TrainingArguments(...)  # it makes the process group, so it comes first
    stream = open_stream(Path("stream.yaml"))
    trainer = Trainer(model, arguments, train_dataset=StreamDataset(stream), callbacks=[StreamCallback(stream)])
    trainer.train(resume_from_checkpoint=...)
    stream.close()

The Trainer looks one micro-batch ahead: when it ends step s, its part of step s + 1 is drawn already. Nothing becomes
stale by that, because a version takes effect at a step that no rank has drawn, and the checkpoint holds the state after
step s; a change only reaches training one step later than in a loop that draws when it needs to.
"""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

from crossfade_shared.errors import UserError
from crossfade_worker.adapters.row_dataset import StreamDataset
from crossfade_worker.streaming.beginning import Rewind
from crossfade_worker.streaming.mixture_stream import MixtureStream

__all__ = ["StreamCallback", "StreamDataset"]


class StreamCallback(TrainerCallback, ExportableState):  # type: ignore[misc]  # transformers is not typed
    """Tells the stream of every step, and keeps its state in the Trainer's own checkpoints (`trainer_state.json`).

    With `rewind`, a Trainer that resumes from an earlier checkpoint leaves what came after it behind.
    """

    def __init__(self, stream: MixtureStream, *, rewind: Rewind | None = None) -> None:
        self._stream = stream
        self._rewind = rewind

    def state(self) -> dict[str, Any]:
        """Give what the Trainer writes into a checkpoint; it asks before the first step too, when there is nothing."""
        is_under_way = self._stream.num_trained_steps > 0
        return {"args": {}, "attributes": {"stream": self._stream.state_dict()} if is_under_way else {}}

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002 - the signature of a callback
        **_others: object,
    ) -> None:
        """Check that the Trainer's steps are the stream's, and go on from its checkpoint if it resumes.

        Raises `UserError` naming the argument that does not fit.
        """
        self._check(args, state)
        if state.global_step > 0:
            saved = state.stateful_callbacks.get(type(self).__name__)
            if not saved or not saved["attributes"]:
                raise UserError("the checkpoint holds no state of a stream; it was written without StreamCallback")
            self._stream.load_state_dict(saved["attributes"]["stream"], rewind=self._rewind)
        if self._stream.num_trained_steps != state.global_step:
            raise UserError(
                f"the stream has trained {self._stream.num_trained_steps} steps and the Trainer {state.global_step}; "
                "open a new stream, and resume both from one checkpoint of the Trainer"
            )

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002 - the signature of a callback
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,
        **_others: object,
    ) -> None:
        """Tell the stream that a step is trained on, unless its loss is about to be logged."""
        if not control.should_log:
            self._stream.step_ended()

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002 - the signature of a callback
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, float],
        **_others: object,
    ) -> None:
        """Tell the stream of the step that is logged; its loss is the mean of the steps since the last log."""
        if state.global_step > self._stream.num_trained_steps:
            self._stream.step_ended(
                loss=logs.get("loss"), learning_rate=logs.get("learning_rate"), gradient_norm=logs.get("grad_norm")
            )

    def _check(self, args: TrainingArguments, state: TrainerState) -> None:
        settings = self._stream.settings
        sequences = args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size
        if sequences != settings.batch_sequences:
            raise UserError(
                f"per_device_train_batch_size × gradient_accumulation_steps × ranks is {sequences}, but a step of the "
                f"stream has batch_sequences = {settings.batch_sequences}; make them equal",
                field="batch_sequences",
            )
        if state.max_steps > settings.total_steps:
            raise UserError(f"max_steps is {state.max_steps}, but total_steps of the stream is {settings.total_steps}")
        if args.dataloader_num_workers:
            raise UserError("set dataloader_num_workers=0: a process of its own would draw ahead of every change")
