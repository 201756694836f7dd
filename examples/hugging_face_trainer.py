"""A live mixture in the Hugging Face Trainer: `python examples/hugging_face_trainer.py CORPUS RUN`, or with torchrun.

CORPUS is what `crossfade data prepare` made; RUN is a folder of this run's own. Run it again to resume.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from crossfade_worker.adapters.hugging_face import StreamCallback, StreamDataset
from crossfade_worker.stream import open_stream
from crossfade_worker.streaming.settings import StreamSettings

BATCH_SEQUENCES = 8
ROWS_AT_ONCE = 2


def train(corpus: Path, run: Path, *, total_steps: int) -> None:
    """Train a tiny Llama, or go on from the Trainer's newest checkpoint."""
    manifest = json.loads((corpus / "corpus.json").read_text())
    arguments = TrainingArguments(
        output_dir=str(run / "trainer"),
        max_steps=total_steps,
        per_device_train_batch_size=ROWS_AT_ONCE,
        logging_steps=1,
        save_steps=10,
        report_to="none",
        use_cpu=True,
        dataloader_pin_memory=False,
    )
    arguments.gradient_accumulation_steps = BATCH_SEQUENCES // ROWS_AT_ONCE // arguments.world_size
    settings = StreamSettings(
        run="hugging-face",
        directory=run,
        corpus=corpus,
        mixture=dict.fromkeys(manifest["sources"], 1.0),
        total_steps=total_steps,
        sequence_length=16,
        batch_sequences=BATCH_SEQUENCES,
    )
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=manifest["vocab_size"], **size))
    with open_stream(settings) as stream:
        trainer = Trainer(model, arguments, train_dataset=StreamDataset(stream), callbacks=[StreamCallback(stream)])
        checkpoints = run / "trainer"
        trainer.train(resume_from_checkpoint=get_last_checkpoint(checkpoints) if checkpoints.exists() else None)


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]), total_steps=int(sys.argv[3]) if len(sys.argv) > 3 else 40)
