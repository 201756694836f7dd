"""The Python modules of this machine: the standard library's and those of the installed packages."""

from __future__ import annotations

import ast
import hashlib
import os
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SKIPPED_FOLDERS = {"__pycache__", "_vendor", "idlelib", "lib2to3", "site-packages", "test", "tests", "vendor"}
_MAX_MODULE_BYTES = 200_000  # larger files are generated tables more often than code


@dataclass(frozen=True)
class PythonModule:
    """One module that parses."""

    source: str
    tree: ast.Module


Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def python_modules(seed: int) -> Iterator[PythonModule]:
    """Give the modules in an order drawn from the seed and their names; what does not parse here is passed over.

    Tests, vendored copies and very large files are left out: they are tables and repetitions more often than code.
    """
    files = dict(_files())
    for name in sorted(files, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
        path = files[name]
        if path.stat().st_size <= _MAX_MODULE_BYTES and (module := _read(path)):
            yield module


def documented_nodes(node: ast.AST) -> Iterator[Documented]:
    """Give all that can have a docstring at or below a node, in the order of the source."""
    if isinstance(node, Documented):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from documented_nodes(child)


def docstring_of(node: Documented) -> ast.Expr | None:
    """Give the statement that is the node's docstring."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def _files() -> Iterator[tuple[str, Path]]:
    roots = {Path(sysconfig.get_path(key)).resolve() for key in ("stdlib", "purelib", "platlib")}
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS]
            for name in names:
                if name.endswith(".py"):
                    path = Path(folder, name)
                    yield path.relative_to(root).as_posix(), path


def _read(path: Path) -> PythonModule | None:
    try:
        with tokenize.open(path) as file:
            source = file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's invalid escapes are not this reader's to report
            return PythonModule(source, ast.parse(source))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
