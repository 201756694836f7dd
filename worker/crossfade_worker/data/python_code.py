"""Code: the modules of this machine without their docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from crossfade_worker.data.python_modules import Documented, docstring_of, python_modules

_MIN_CHARACTERS = 400


def collect_python_code(seed: int) -> Iterator[str]:
    """Give each module's source without its docstrings; comments and layout stay as they are."""
    for module in python_modules(seed):
        code = strip_docstrings(module.source, module.tree)
        if len(code) >= _MIN_CHARACTERS:
            yield code


def strip_docstrings(source: str, tree: ast.Module) -> str:
    """Remove every docstring from a module's source, so that it still compiles.

    A docstring that is a whole body gives way to `...`; one that shares its line with other code stays.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (docstring := docstring_of(node)):
            _blank(lines, docstring, keep_a_body=len(node.body) == 1 and not isinstance(node, ast.Module))
    return "".join(lines).strip() + "\n"


def _blank(lines: list[str], docstring: ast.Expr, *, keep_a_body: bool) -> None:
    first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
    before = lines[first].encode()[: docstring.col_offset].decode()
    after = lines[last].encode()[docstring.end_col_offset :].decode()
    if before.strip() or (after.strip() and not after.lstrip().startswith("#")):
        return
    lines[first : last + 1] = [f"{before}...\n" if keep_a_body else "", *[""] * (last - first)]
