"""Items: the true continuation among four, and nothing that would give it away or make it wrong."""

from collections import Counter

import pytest
from tests.worker.data import corpora

from crossfade_worker.evaluate.multiple_choice import NUM_CHOICES, make_items

DOCUMENTS = [corpora.text(number, num_words=80) for number in range(30)]
SIZES = {"num_items": 64, "context_characters": 100, "choice_characters": 40, "seed": 3}


def test_the_gold_choice_goes_on_from_the_context_and_the_others_come_from_elsewhere():
    for item in make_items(DOCUMENTS, **SIZES):
        source = next(document for document in DOCUMENTS if item.context + item.choices[item.gold] in document)
        for number, choice in enumerate(item.choices):
            assert choice[0].isspace()
            assert not choice[-1].isspace()
            if number != item.gold:
                assert any(choice in other for other in DOCUMENTS if other != source)
                assert item.context + choice not in source


def test_wrong_choices_never_equal_the_truth_or_one_another():
    alike = [f"{document} the very same closing words stand here at the end of each of them" for document in DOCUMENTS]
    items = make_items(alike, **SIZES)
    assert items
    for item in items:
        assert len({tuple(choice.split()) for choice in item.choices}) == NUM_CHOICES


def test_choices_are_of_similar_length():
    for item in make_items(DOCUMENTS, **SIZES):
        assert all(20 <= len(choice) <= 40 for choice in item.choices)


def test_items_are_repeatable_varied_and_spread_over_documents_and_places():
    items = make_items(DOCUMENTS, **SIZES)
    assert items == make_items(DOCUMENTS, **SIZES)
    assert items != make_items(DOCUMENTS, **(SIZES | {"seed": 4}))
    assert len({item.context for item in items}) == 64
    assert set(Counter(item.gold for item in items)) == set(range(NUM_CHOICES))
    used = {document for item in items for document in DOCUMENTS if item.context in document}
    assert len(used) == len(DOCUMENTS)


def test_few_documents_give_fewer_items():
    short = [corpora.text(number, num_words=30) for number in range(2)]
    items = make_items(short, **(SIZES | {"num_items": 500}))
    assert 0 < len(items) < 500


@pytest.mark.parametrize("documents", [[], DOCUMENTS[:1], ["too short", "as well"], ["x" * 1000, "y" * 1000]])
def test_no_items_where_there_is_nothing_to_choose_from(documents):
    assert make_items(documents, **SIZES) == []
