# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors
"""Every small way to break the logic of a source file, one at a time.

Not broken: annotations, documentation, texts for people, and what only a type checker reads. A string counts as a name
(of a field, a call, an option) if it has no blank in it, or if something is compared with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
}
FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min"}
FUNCTION = (ast.FunctionDef, ast.Lambda)
CONDITIONS = (ast.If, ast.While, ast.IfExp)
AROUND = 25  # characters that are shown before and after what is broken


@dataclass(frozen=True)
class Mutant:
    """where: the function. before, after: the broken piece with a little around it. source: of the whole file."""

    line: int
    where: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """What it is known by in the table of equivalent ones, also after lines have moved."""
        return f"{self.where}: {self.before} -> {self.after}"


class Mutator:
    """Walks a syntax tree; `path` leads from the module to the present node."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.original = ast.unparse(self.tree)
        self.path: list[ast.AST] = []

    def mutants(self) -> list[Mutant]:
        """Each differs from the original and from all others."""
        found = {mutant.source: mutant for mutant in self.walk(self.tree)}
        found.pop(self.original, None)
        return sorted(found.values(), key=lambda mutant: mutant.line)

    def walk(self, node: ast.AST) -> Iterator[Mutant]:
        if is_for_types_only(node):
            return
        self.path.append(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases"):
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(child, ast.AST):
                    continue
                for new in self.replacements(child, name):
                    yield self.mutant(node, name, index, child, new)
                yield from self.walk(child)
        self.path.pop()

    def replacements(self, node: ast.AST, field: str) -> Iterator[ast.AST]:
        """What may stand where `node` stands, as `field` of the last node of the path."""
        parent = self.path[-1]
        if (field == "test" and isinstance(parent, CONDITIONS)) or field == "ifs":
            yield from negated(node)
        match node:
            case ast.Compare(left=left, ops=[*operators], comparators=others):
                for number, operator in enumerate(operators):
                    for other in COMPARISONS[type(operator)]:
                        swapped = [*operators[:number], other(), *operators[number + 1 :]]
                        yield ast.Compare(left, swapped, others)
            case ast.BoolOp(op=operator, values=values):
                yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
                yield from without_one(operator, values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield operand
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                yield ast.BinOp(left, OPERATORS[type(operator)](), right)
            case ast.Constant(value=value) if field != "format_spec":
                yield from self.constants(value)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in FUNCTIONS:
                yield ast.Call(ast.Name(FUNCTIONS[name]), args, keywords)
            case ast.Return(value=ast.expr() as value) if not is_none(value):
                yield ast.Return(ast.Constant(None))
            case ast.Break():
                yield ast.Continue()
            case ast.Continue():
                yield ast.Break()
            case ast.Assign() | ast.AugAssign() | ast.AnnAssign() | ast.Raise() | ast.Expr(value=ast.Call()):
                if any(isinstance(above, FUNCTION) for above in self.path):
                    yield ast.Pass()

    def constants(self, value: Any) -> Iterator[ast.expr]:
        if isinstance(value, bool):
            yield ast.Constant(not value)
        elif isinstance(value, int):
            yield ast.Constant(value + 1)
        elif isinstance(value, float):
            yield ast.Constant(2 * value or 1.0)
        elif isinstance(value, str) and value and self.is_name(value):
            yield ast.Constant(f"{value}X")

    def is_name(self, text: str) -> bool:
        if any(isinstance(above, ast.Compare) for above in self.path):
            return True
        pieces = [piece for above in self.path if isinstance(above, ast.JoinedStr) for piece in above.values]
        said = [text, *(str(piece.value) for piece in pieces if isinstance(piece, ast.Constant))]
        return not any(letter.isspace() for part in said for letter in part)

    def mutant(self, parent: ast.AST, field: str, index: int | None, old: ast.AST, new: ast.AST) -> Mutant:
        statement = next((above for above in (old, *reversed(self.path)) if isinstance(above, ast.stmt)), old)
        before = ast.unparse(statement)
        put(parent, field, index, new)
        after = ast.unparse(new if statement is old else statement)
        source = ast.unparse(ast.fix_missing_locations(self.tree))
        put(parent, field, index, old)
        named = [above.name for above in self.path if isinstance(above, (ast.FunctionDef, ast.ClassDef))]
        line = getattr(old, "lineno", getattr(statement, "lineno", 0))
        return Mutant(line, ".".join(named), *differing(before, after), source)


def put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def differing(one: str, other: str) -> tuple[str, str]:
    """Where two texts differ, with what is around it."""
    start = common(one, other)
    end = min(common(one[::-1], other[::-1]), len(one) - start, len(other) - start)
    first = max(0, start - AROUND)
    return tuple(" ".join(text[first : len(text) - max(0, end - AROUND)].split()) for text in (one, other))


def common(one: str, other: str) -> int:
    """How many letters they begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def negated(node: ast.AST) -> Iterator[ast.expr]:
    """Unless another replacement comes to the same."""
    if not isinstance(node, (ast.Constant, ast.UnaryOp)) and not (isinstance(node, ast.Compare) and len(node.ops) == 1):
        yield ast.UnaryOp(ast.Not(), node)


def without_one(operator: ast.boolop, values: list[ast.expr]) -> Iterator[ast.expr]:
    for number in range(len(values)):
        rest = values[:number] + values[number + 1 :]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)


def is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def is_for_types_only(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.ClassDef(bases=bases):
            return any("Protocol" in ast.unparse(base) for base in bases)
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
