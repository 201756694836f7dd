"""Technical prose: the docstrings of this machine's modules, a document for each module or large class."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from crossfade_worker.data.python_modules import Documented, docstring_of, documented_nodes, python_modules

_MIN_DOCUMENT_CHARACTERS = 300
_MIN_DOCSTRING_CHARACTERS = 40
_LARGE_CLASS_CHARACTERS = 1_500


def collect_docstrings(seed: int) -> Iterator[str]:
    """Give the docstrings of each module, dedented, in the order of the source; a large class has its own document."""
    for module in python_modules(seed):
        for document in _documents(module.tree):
            if len(document) >= _MIN_DOCUMENT_CHARACTERS:
                yield document


def _documents(tree: ast.Module) -> Iterator[str]:
    paragraphs = _docstring(tree)
    for statement in tree.body:
        inner = [text for node in documented_nodes(statement) for text in _docstring(node)]
        if isinstance(statement, ast.ClassDef) and sum(map(len, inner)) >= _LARGE_CLASS_CHARACTERS:
            yield _join(inner)
        else:
            paragraphs += inner
    yield _join(paragraphs)


def _docstring(node: Documented) -> list[str]:
    """Give the node's docstring, or nothing if it has none of useful length."""
    statement = docstring_of(node)
    text = inspect.cleandoc(ast.literal_eval(statement.value)) if statement else ""
    return [text] if len(text) >= _MIN_DOCSTRING_CHARACTERS else []


def _join(docstrings: list[str]) -> str:
    return "\n\n".join(docstrings) + "\n"
