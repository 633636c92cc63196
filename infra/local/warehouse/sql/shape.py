"""The shapes of SQL that may run: whatever is not listed, node by node and clause by clause, is refused."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from infra.local.warehouse.errors import NotSupported, SqlError, SyntaxFault
from infra.local.warehouse.sql import functions, query_rules
from infra.local.warehouse.sql.dialect import APPROXIMATE

_BINARY = frozenset({"this", "expression"})
_UNARY = frozenset({"this"})
_LIST = frozenset({"expressions"})
_SET_OPERATION = _BINARY | {"distinct", "order", "limit", "offset", "with_"}
_BINARIES = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.And, exp.Or),
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is),
    *(exp.Escape, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike, exp.WithinGroup),
)
_UNARIES = (
    *(exp.From, exp.Where, exp.Having, exp.Qualify, exp.Paren, exp.Neg, exp.Not, exp.Exists, exp.Var),
    *(exp.Sum, exp.Avg, exp.Median, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop),
    *(exp.LogicalAnd, exp.LogicalOr, exp.AnyValue, exp.ApproxDistinct, exp.IgnoreNulls, exp.RespectNulls),
    *(exp.PercentileDisc, exp.BitwiseAndAgg, exp.BitwiseOrAgg),
    *(exp.PercentileCont, exp.FirstValue, exp.LastValue, exp.Ntile, exp.DataTypeParam, exp.Boolean),
)
_LISTS = (exp.Tuple, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Distinct, exp.Order, exp.Grouping)
_EMPTY = (
    *(exp.Null, exp.CurrentDate, exp.CurrentUser, exp.SessionUser),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist),
)

_CLAUSES: dict[type[Any], frozenset[str]] = {
    **dict.fromkeys(_BINARIES, _BINARY),
    **dict.fromkeys(_UNARIES, _UNARY),
    **dict.fromkeys(_LISTS, _LIST),
    **dict.fromkeys(_EMPTY, frozenset()),
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), _SET_OPERATION),
    exp.Select: _LIST
    | {
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "qualify",
        "order",
        "limit",
        "offset",
        "distinct",
        "with_",
    },
    exp.With: _LIST | {"recursive"},
    exp.CTE: frozenset({"this", "alias"}),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.Table: frozenset({"this", "db", "catalog", "alias"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Join: frozenset({"this", "on", "using", "kind", "side", "method"}),
    exp.Star: frozenset({"except_"}),
    exp.Group: _LIST | {"rollup", "cube", "grouping_sets", "all"},
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Column: frozenset({"this", "table", "db", "catalog", "join_mark"}),
    exp.Dot: _BINARY,
    exp.Bracket: frozenset({"this", "expressions"}),
    exp.Explode: _UNARY,
    exp.Lateral: frozenset({"this", "alias"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Div: _BINARY | {"typed", "safe"},
    exp.DPipe: _BINARY | {"safe"},
    exp.Like: _BINARY | {"negate"},
    exp.ILike: _BINARY | {"negate"},
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "requires_string", "safe"}),
    exp.DataType: _LIST | {"this", "nested"},
    exp.Interval: frozenset({"this", "unit"}),
    exp.IntervalSpan: _BINARY,
    exp.AtTimeZone: frozenset({"this", "zone"}),
    exp.Extract: _BINARY,
    exp.Trim: _BINARY | {"position"},
    exp.Substring: frozenset({"this", "start", "length", "zero_start"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.CurrentTimestamp: frozenset({"sysdate"}),
    exp.Anonymous: _LIST | {"this"},
    exp.Count: _LIST | {"this", "big_int"},
    exp.Min: _UNARY,
    exp.Max: _UNARY,
    exp.GroupConcat: frozenset({"this", "separator"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side"}),
    exp.Lag: frozenset({"this", "offset", "default"}),
    exp.Lead: frozenset({"this", "offset", "default"}),
    exp.NthValue: frozenset({"this", "offset"}),
}
_MOST_COLUMNS = 1_600
_MOST_NODES = 100_000  # of a SELECT once its columns' names stand for what they name
_TUPLE_PARENTS = (exp.Group, exp.GroupingSets, exp.Rollup, exp.Cube, exp.In, exp.EQ, exp.NEQ)
# The functions whose result depends on a frame; Redshift assumes none beside an ORDER BY.
_FRAMED = (
    *(exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count, exp.StddevSamp, exp.StddevPop, exp.Variance),
    *(exp.VariancePop, exp.LogicalAnd, exp.LogicalOr, exp.FirstValue, exp.LastValue, exp.NthValue),
)
# The functions whose window has no order: they have their own, or need none.
_UNORDERED = (exp.Median, exp.WithinGroup, exp.GroupConcat, exp.Anonymous)
_JOINS = frozenset({"", "INNER", "CROSS", "OUTER"})
_SIDES = frozenset({"", "LEFT", "RIGHT", "FULL"})


def check_width(select: exp.Expr) -> None:
    """Raises SqlError when a SELECT has more columns than Redshift takes."""
    if len(select.expressions) > _MOST_COLUMNS:
        raise SqlError(f"target lists can have at most {_MOST_COLUMNS} entries", "54011")


def check(tree: exp.Expr) -> None:
    """Raises NotSupported, or what Redshift would say, at the first node or clause that is not listed."""
    for node in tree.walk():
        clauses = _CLAUSES.get(type(node))
        if clauses is None:
            raise NotSupported(f"{_words(node)}")
        for clause, value in node.args.items():
            if clause not in clauses and value not in (None, False, [], ""):
                raise NotSupported(f"{_words(node)} with {clause.strip('_').replace('_', ' ')}")
        check_one = _CHECKS.get(type(node))
        if check_one is not None:
            check_one(node)


def check_query(tree: exp.Expr) -> exp.Query:
    """The tree, when it is one query made of the listed shapes."""
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise NotSupported("a statement of this kind")
    check(tree)
    return tree


def _words(node: exp.Expr) -> str:
    name = type(node).__name__
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _check_select(node: exp.Select) -> None:
    if not node.expressions:
        raise SyntaxFault("syntax error: a SELECT needs a list of columns")
    check_width(node)
    _check_aliases(node)
    query_rules.check_qualify(node)
    query_rules.check_truth(node)
    query_rules.check_order(node)


def _check_aliases(select: exp.Expr) -> None:
    """A column may use the ones before it by name; `a + a AS b, b + b AS c, ...` doubles with each."""
    sizes: dict[str, int] = {}

    def size(tree: exp.Expr) -> int:
        return sum(1 + stands_for(node) for node in tree.walk())

    def stands_for(node: exp.Expr) -> int:
        bare = isinstance(node, exp.Column) and not node.table
        return sizes.get(node.name.lower(), 1) if bare else 0

    for projection in select.expressions:
        sizes[projection.alias_or_name.lower()] = max(
            size(projection.unalias()), sizes.get(projection.alias_or_name.lower(), 1)
        )
    clauses = (select.args.get(name) for name in ("where", "group", "having", "qualify", "order"))
    if sum(sizes.values()) + sum(size(clause) for clause in clauses if clause) > _MOST_NODES:
        raise SqlError("statement is too complex", "54001")


def _check_table(node: exp.Expr) -> None:
    if not isinstance(node.this, exp.Identifier):
        raise NotSupported("a table function")


def _check_join(node: exp.Expr) -> None:
    kind, side, method = (node.args.get(part) or "" for part in ("kind", "side", "method"))
    if kind not in _JOINS or side not in _SIDES or method not in ("", "NATURAL"):
        raise NotSupported("a join of this kind")


def _check_column(node: exp.Expr) -> None:
    if node.args.get("join_mark") and not isinstance(node.find_ancestor(exp.Where, exp.Select), exp.Where):
        raise SyntaxFault("syntax error: (+) outside WHERE")


def _check_dot(node: exp.Expr) -> None:
    if not isinstance(node.expression, exp.Identifier):
        raise NotSupported("dot")


def _check_bracket(node: exp.Expr) -> None:
    position = node.expressions[0] if len(node.expressions) == 1 else None
    if not (isinstance(position, exp.Literal) and position.is_int):
        raise NotSupported("brackets around anything but the position of an element")


def _check_anonymous(node: exp.Expr) -> None:
    function = functions.lookup(node)
    windowed = isinstance(node.parent, exp.Window) and node.parent.this is node
    if function.window is not windowed:
        raise NotSupported(
            f"function {str(node.this).lower()} {'without' if function.window else 'with'} OVER"
        )


def _check_window(node: exp.Expr) -> None:
    if node.args.get("over") != "OVER":
        raise NotSupported("a clause other than OVER after a window function")
    function, frame = node.this, node.args.get("spec")
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    if (frame or node.args.get("order")) and isinstance(function, _UNORDERED):
        raise SyntaxFault("syntax error: OVER takes PARTITION BY alone for this function")
    if frame is None and node.args.get("order") and isinstance(function, _FRAMED):
        raise SyntaxFault("Aggregate window functions with an ORDER BY clause require a frame clause")
    if frame is not None and str(frame.args.get("kind")).upper() != "ROWS":
        raise SyntaxFault("syntax error: the frame of a window is given in ROWS")


def _check_union(node: exp.SetOperation) -> None:
    query_rules.check_inputs(node)
    query_rules.check_order(node)


def _check_set_operation(node: exp.SetOperation) -> None:
    _check_union(node)
    if not node.args.get("distinct"):
        raise SyntaxFault(f"syntax error: {type(node).__name__.upper()} ALL")


def _check_with(node: exp.With) -> None:
    names = [cte.alias.lower() for cte in node.expressions]
    if len(set(names)) != len(names):
        raise SqlError("WITH query name is specified more than once", "42712")
    query_rules.check_recursion(node)


def _check_within_group(node: exp.Expr) -> None:
    if isinstance(node.this, exp.PercentileDisc):
        if not (node.this.meta.get(APPROXIMATE) or isinstance(node.parent, exp.Window)):
            raise NotSupported("PERCENTILE_DISC without APPROXIMATE or OVER")
    elif not isinstance(node.this, exp.GroupConcat | exp.PercentileCont):
        raise NotSupported("WITHIN GROUP of this function")


def _check_tuple(node: exp.Tuple) -> None:
    if not isinstance(node.parent, _TUPLE_PARENTS):
        raise NotSupported("a row value here")
    query_rules.check_row(node)


def _check_distinct(node: exp.Distinct) -> None:
    if isinstance(node.parent, exp.Select) and node.expressions:
        raise NotSupported("DISTINCT ON")
    query_rules.check_distinct_aggregate(node)


def _check_table_alias(node: exp.TableAlias) -> None:
    if node.columns and isinstance(node.parent, exp.Table):
        raise NotSupported("names for the columns of a relation: a subquery")


_CHECKS: dict[type[Any], Callable[[Any], None]] = {
    exp.Select: _check_select,
    exp.Table: _check_table,
    exp.Join: _check_join,
    exp.Column: _check_column,
    exp.Dot: _check_dot,
    exp.Bracket: _check_bracket,
    exp.Anonymous: _check_anonymous,
    exp.Window: _check_window,
    exp.Union: _check_union,
    exp.Group: query_rules.check_grouping,
    exp.TableAlias: _check_table_alias,
    exp.Intersect: _check_set_operation,
    exp.Except: _check_set_operation,
    exp.With: _check_with,
    exp.WithinGroup: _check_within_group,
    exp.Distinct: _check_distinct,
    exp.Tuple: _check_tuple,
}
