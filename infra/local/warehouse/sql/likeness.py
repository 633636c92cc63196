"""LIKE, ILIKE, SIMILAR TO and ~, in DuckDB's terms."""

import re
import string

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SyntaxFault
from infra.local.warehouse.sql.functions import call

_WILDCARDS = {"%": ".*", "_": "."}
_OPERATORS = frozenset("|*+?{}()")


def like(node: exp.Like | exp.ILike) -> exp.Expr:
    """LIKE, with the backslash as its escape character; one with an ESCAPE is read there."""
    return node if isinstance(node.parent, exp.Escape) else _matched(node, exp.Literal.string("\\"))


def escaped(node: exp.Escape) -> exp.Expr:
    """LIKE, ILIKE and SIMILAR TO with an ESCAPE of their own."""
    match, escape = node.this, node.expression
    if not (isinstance(escape, exp.Literal) and escape.is_string and len(escape.name) == 1):
        raise SyntaxFault("invalid escape string: it must be one character")
    if isinstance(match, exp.SimilarTo):
        return _similar(match, escape.name)
    if not isinstance(match, exp.Like | exp.ILike):
        raise NotSupported("ESCAPE here")
    return _matched(match, escape)


def _matched(node: exp.Like | exp.ILike, escape: exp.Expr) -> exp.Expr:
    value, pattern = node.this, node.expression
    plain = isinstance(pattern, exp.Literal) and escape.name not in pattern.name
    if isinstance(node, exp.ILike):
        value, pattern = _lowered(value), _lowered(pattern)
        escape = exp.Literal.string(_lower(escape.name))
    found: exp.Expr = exp.Like(this=_grouped(value), expression=_grouped(pattern))
    if not plain:
        found = exp.Escape(this=found, expression=escape)
    found = exp.Paren(this=found)
    return exp.Paren(this=exp.Not(this=found)) if node.args.get("negate") else found


def _lower(text: str) -> str:
    return text.translate(str.maketrans(string.ascii_uppercase, string.ascii_lowercase))


def _lowered(value: exp.Expr) -> exp.Expr:
    """The text with its ASCII letters, and no others, in lower case."""
    if isinstance(value, exp.Literal):
        return exp.Literal.string(_lower(value.name))
    letters = (exp.Literal.string(each) for each in (string.ascii_uppercase, string.ascii_lowercase))
    return call("translate", value, *letters)


def _grouped(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Binary) else value


def similar(node: exp.SimilarTo) -> exp.Expr:
    """SIMILAR TO; one with an ESCAPE is read there."""
    return node if isinstance(node.parent, exp.Escape) else _similar(node, "\\")


def _similar(node: exp.SimilarTo, escape: str) -> exp.Expr:
    """The regular expression that the pattern is short for."""
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise NotSupported("SIMILAR TO a pattern that is not a literal")
    text = exp.Literal.string(_regular(pattern.name, escape))
    return call("regexp_full_match", node.this, text, exp.Literal.string("s"))


def _regular(pattern: str, escape: str) -> str:
    found, at, in_class = [], 0, False
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == escape:
            if at == len(pattern):
                raise SyntaxFault("invalid regular expression: it ends with its escape character")
            found.append(re.escape(pattern[at]))
            at += 1
        elif in_class or character == "[":
            in_class = character != "]"
            found.append(character)
        else:
            plain = character if character in _OPERATORS else re.escape(character)
            found.append(_WILDCARDS.get(character, plain))
    return "".join(found)


def regular(node: exp.RegexpLike | exp.RegexpILike) -> exp.Expr:
    """~ and ~*: the pattern matches any part of the text."""
    options = [exp.Literal.string("i")] if isinstance(node, exp.RegexpILike) else []
    return call("regexp_matches", node.this, node.expression, *options)
