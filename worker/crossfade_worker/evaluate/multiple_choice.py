"""Items of the form: which of these four texts goes on from this one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

NUM_CHOICES = 4
_MAX_DRAWS_PER_ITEM = 20


@dataclass(frozen=True)
class Item:
    """A context, four continuations that each begin with white space, and which of them is the true one."""

    context: str
    choices: tuple[str, ...]
    gold: int


def make_items(
    documents: Sequence[str], *, num_items: int, context_characters: int, choice_characters: int, seed: int
) -> list[Item]:
    """Cut windows out of documents in turn; the wrong choices are windows of other documents.

    Choices are of similar length, end at a word's end where they can, and differ from one another. Gives fewer items
    than asked for where the documents have no more, and none where there are fewer than two long enough.
    """
    draw = Random(seed)  # noqa: S311 - a repeatable draw, no secret
    cuts = {
        document: found
        for document in documents
        if (found := _cuts(document, context_characters=context_characters, choice_characters=choice_characters))
    }
    if len(cuts) < 2:
        return []
    items: dict[str, Item] = {}
    for document in islice(cycle(cuts), _MAX_DRAWS_PER_ITEM * num_items):
        at = draw.choice(cuts[document])
        truth = _piece(document, at, choice_characters)
        wrong = list(islice(_wrong(cuts, document, truth, choice_characters, draw), NUM_CHOICES - 1))
        context = document[max(0, at - context_characters) : at].lstrip()
        if len(wrong) == NUM_CHOICES - 1 and context not in items:
            gold = draw.randrange(NUM_CHOICES)
            items[context] = Item(context, (*wrong[:gold], truth, *wrong[gold:]), gold)
        if len(items) == num_items:
            break
    return list(items.values())


def _cuts(document: str, *, context_characters: int, choice_characters: int) -> list[int]:
    """Give the positions of white space after a word, with half a context before and a whole choice after."""
    first, last = context_characters // 2, len(document) - choice_characters
    return [at for at in range(max(1, first), last) if document[at].isspace() and not document[at - 1].isspace()]


def _piece(document: str, at: int, num_characters: int) -> str:
    """Cut a choice, shortened to a word's end if that keeps at least half of it."""
    piece = document[at : at + num_characters]
    ends = [end for end in range(num_characters // 2, len(piece)) if piece[end].isspace()]
    return (piece[: ends[-1]] if ends else piece).rstrip()


def _wrong(
    cuts: dict[str, list[int]], document: str, truth: str, choice_characters: int, draw: Random
) -> Iterator[str]:
    others = [other for other in cuts if other != document]
    seen = {_words(truth)}
    for _ in range(_MAX_DRAWS_PER_ITEM):
        other = draw.choice(others)
        piece = _piece(other, draw.choice(cuts[other]), choice_characters)
        if _words(piece) not in seen:
            seen.add(_words(piece))
            yield piece


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
