"""The mutants of a file: Cosmic Ray's operators, one substitute for each operator of Python, none in annotations."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

# Of what Cosmic Ray knows: each comparison moves by its edge and is negated; each operator of arithmetic gets its
# inverse. The others (11 for each plus) are found by whatever test finds these, and would take ten times as long.
OPERATORS = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Eq_NotEq", "NotEq_Eq")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_GtE", "LtE_Gt", "Gt_LtE", "GtE_Lt", "Is_IsNot", "IsNot_Is")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul")),
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Mod_Mul", "Pow_Mul", "BitOr_BitAnd", "BitAnd_BitOr")),
    "ReplaceBinaryOperator_LShift_RShift",
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Not",
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    *("ExceptionReplacer", "NumberReplacer", "RemoveDecorator"),
)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        module: path of the file from the root of the repository.
        operator, occurrence: of Cosmic Ray, by which it is made again.
        within: the function or class that it lies in, dotted; "" of the file itself.
        lines: first and last of the statement that it lies in, without the statements inside that.
        before, after: the changed line without its indentation.
        source: of the file, sha256, hex: what was found of another text says nothing of this one.
    """

    module: str
    operator: str
    occurrence: int
    within: str
    lines: tuple[int, int]
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """What names it among all mutants of all texts of its file."""
        return f"{self.module} {self.source[:12]} {self.operator} {self.occurrence}"


def sha256(root: Path, module: str) -> str:
    """Return the hash of a file's text, hex."""
    return hashlib.sha256((root / module).read_bytes()).hexdigest()


def of_file(root: Path, module: str) -> list[Mutant]:
    """Return all mutants of a file, in the order of `OPERATORS`."""
    code = (root / module).read_text(encoding="utf-8")
    source, nodes = sha256(root, module), list(ast_nodes(get_ast(code)))
    places, lines, found = _Places(ast.parse(code)), code.splitlines(), []
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        spots = [spot for node in nodes for spot in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(spots):
            if places.is_annotation(start):
                continue
            changed = mutate_code(code, operator, occurrence)
            if changed is None or changed == code or not _compiles(changed):
                continue
            before, after = _changed(lines, changed.splitlines(), start[0])
            within, span = places.of(start[0])
            found.append(Mutant(module, name, occurrence, within, span, before, after, source))
    return found


def code_of(root: Path, mutant: Mutant) -> str:
    """Return the text of its file with a mutant in it."""
    code = (root / mutant.module).read_text(encoding="utf-8")
    changed = mutate_code(code, get_operator(f"core/{mutant.operator}")(), mutant.occurrence)
    assert changed is not None, f"{mutant.key}: its file has changed meanwhile"
    return changed


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _changed(old: list[str], new: list[str], line: int) -> tuple[str, str]:
    """Return the line that differs, before and after; a decorator that is removed leaves nothing."""
    if len(old) != len(new):
        return old[line - 1].strip(), ""
    return next((before.strip(), after.strip()) for before, after in zip(old, new, strict=True) if before != after)


class _Places:
    """What the lines of a file belong to."""

    def __init__(self, tree: ast.Module):
        self._names: list[tuple[int, int, str]] = []
        self._statements: list[tuple[int, int]] = []
        self._annotations: list[tuple[tuple[int, int], tuple[int, int]]] = []
        self._walk(tree, "")

    def of(self, line: int) -> tuple[str, tuple[int, int]]:
        """Return the innermost definition of a line, and its statement's first and last line."""
        names = [(end - start, name) for start, end, name in self._names if start <= line <= end]
        spans = [(end - start, (start, end)) for start, end in self._statements if start <= line <= end]
        return min(names)[1] if names else "", min(spans)[1] if spans else (line, line)

    def is_annotation(self, spot: tuple[int, int]) -> bool:
        """Return whether a place, (line, column), lies in an annotation, of which nothing at run time depends."""
        return any(start <= spot < end for start, end in self._annotations)

    def _walk(self, node: ast.AST, within: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = within
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{within}.{child.name}" if within else child.name
                first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
                self._names.append((first, child.end_lineno or first, name))
            if isinstance(child, ast.stmt):
                self._statements.append(_span(child))
            for annotation in _annotations(child):
                end = (annotation.end_lineno or 0, annotation.end_col_offset or 0)
                self._annotations.append(((annotation.lineno, annotation.col_offset), end))
            self._walk(child, name)


def _span(statement: ast.stmt) -> tuple[int, int]:
    """Return the lines of a statement: of one that holds others, its head."""
    first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or first
    return first, max(first, last)


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    for name in ("annotation", "returns"):
        if isinstance(found := getattr(node, name, None), ast.expr):
            yield found
