"""Collectors: real text of this machine, of the kind they promise, in a repeatable order."""

import ast
import textwrap
import warnings
from itertools import islice

import pytest

from crossfade_worker.data.collectors import COLLECTORS
from crossfade_worker.data.python_code import strip_docstrings
from crossfade_worker.data.python_modules import docstring_of, documented_nodes

MODULE = '''
    """Says what the module is for."""
    from os import path  # noqa

    class Plain:
        """Has only a docstring."""

    class Inline: """On the line of the class."""

    def function(x):
        """Spans

        lines.
        """
        return """not a docstring"""

    def trailing():
        "with a comment"  # behind it
        yield "text\x0cwith a form feed and \u2028 a line separator"

    if path:
        async def deep():
            r"""Raw \\d."""; x = 1
    '''


def test_docstrings_are_stripped_and_the_rest_stays_valid():
    source = textwrap.dedent(MODULE)
    stripped = strip_docstrings(source, ast.parse(source))
    for gone in ("Says what", "Has only", "Spans", "with a comment"):
        assert gone not in stripped
    for kept in ("# noqa", "not a docstring", "On the line", "form feed and \u2028 a line", "class Plain:\n    ...\n"):
        assert kept in stripped
    assert [type(node) for node in ast.parse(stripped).body] == [type(node) for node in ast.parse(source).body[1:]]


def test_real_code_stays_valid_without_docstrings():
    for code in islice(COLLECTORS["python_code"](0), 60):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's invalid escapes
            tree = ast.parse(code)
        lines = code.split("\n")
        for node in documented_nodes(tree):
            if docstring := docstring_of(node):
                before = lines[docstring.lineno - 1].encode()[: docstring.col_offset]
                after = lines[docstring.end_lineno - 1].encode()[docstring.end_col_offset :]
                assert before.strip() or after.strip(), code


def test_docstrings_are_dedented_prose():
    for document in islice(COLLECTORS["docstrings"](0), 100):
        assert len(document) >= 300
        assert not document.startswith((" ", "\n"))
        assert '"""' not in document.split("\n", 1)[0]


def test_readmes_are_whole_descriptions():
    documents = list(COLLECTORS["package_readmes"](0))
    assert any("pydantic" in document.lower() and "```" in document for document in documents)
    assert sum(map(len, documents)) > 500_000


@pytest.mark.parametrize("name", ["python_code", "docstrings"])
def test_there_is_enough_text_for_the_demo(name):
    num_bytes = 0
    for document in COLLECTORS[name](0):
        num_bytes += len(document.encode())
        if num_bytes > 3_000_000:
            return
    pytest.fail(f"only {num_bytes} bytes")


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_order_depends_on_the_seed_alone(name):
    first, again, other = (list(islice(COLLECTORS[name](seed), 20)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
