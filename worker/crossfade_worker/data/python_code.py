"""Code: the modules of this machine without their docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import dropwhile

from crossfade_worker.data.python_modules import docstring_of, documented_nodes, python_modules

_MIN_CHARACTERS = 400


def collect_python_code(seed: int) -> Iterator[str]:
    """Give each module's source without its docstrings and the comment at its top, which is a licence mostly."""
    for module in python_modules(seed):
        code = _without_top_comment(strip_docstrings(module.source, module.tree))
        if len(code) >= _MIN_CHARACTERS:
            yield code


def strip_docstrings(source: str, tree: ast.Module) -> str:
    """Remove every docstring from a module's source, so that it still compiles.

    A docstring that is a whole body gives way to `...`; one that shares its line with other code stays.
    """
    lines = [f"{line}\n" for line in source.split("\n")]  # the parser counts no other line ends
    for node in documented_nodes(tree):
        if docstring := docstring_of(node):
            _remove(lines, docstring, keep_a_body=len(node.body) == 1 and not isinstance(node, ast.Module))
    return "".join(lines).strip() + "\n"


def _remove(lines: list[str], docstring: ast.Expr, *, keep_a_body: bool) -> None:
    first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
    before = lines[first].encode()[: docstring.col_offset].decode()
    after = lines[last].encode()[docstring.end_col_offset :].decode()
    if before.strip() or (after.strip() and not after.lstrip().startswith("#")):
        return
    lines[first : last + 1] = [f"{before}...\n" if keep_a_body else "", *[""] * (last - first)]


def _without_top_comment(code: str) -> str:
    return "".join(dropwhile(lambda line: line.startswith("#") or not line.strip(), code.splitlines(keepends=True)))
