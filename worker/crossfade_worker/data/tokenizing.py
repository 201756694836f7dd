"""The tokenizer of a corpus: trained on its text, or one that exists."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from crossfade_worker.data.errors import CorpusError


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, end_of_text: str) -> Tokenizer:
    """Train a byte-level BPE that splits digits, as SmolLM2's does; `end_of_text` is token 0.

    Equal texts in equal order give an equal tokenizer. It may have fewer tokens than asked for if the text has no
    more pairs to merge.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[end_of_text],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    return tokenizer


def tokenizer_file(path: Path) -> Path:
    """Give the `tokenizer.json` that a path names; raises `CorpusError` if there is none."""
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise CorpusError(
            f"tokenizer.path: {file} does not exist; name a tokenizer.json or a folder that holds one",
            field="tokenizer.path",
        )
    return file


def open_tokenizer(path: Path) -> Tokenizer:
    """Open a `tokenizer.json` so that text which spells a special token is plain text and never becomes that token."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise CorpusError(f"{path} cannot be read as a tokenizer.json: {error}", field="tokenizer.path") from error
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def token_space(tokenizer: Tokenizer) -> int:
    """Give the smallest number above every token id, which is the vocabulary size a model needs."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1


def end_of_text_id(tokenizer: Tokenizer, end_of_text: str) -> int:
    """Give the id of the token that closes documents; raises `CorpusError` if it is no special token."""
    special = {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    if end_of_text not in special:
        raise CorpusError(
            f"tokenizer.end_of_text: the tokenizer has no special token {end_of_text!r}; "
            f"it has {json.dumps(sorted(special)[:20])}",
            field="tokenizer.end_of_text",
        )
    return special[end_of_text]
