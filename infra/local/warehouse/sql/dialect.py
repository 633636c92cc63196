"""Reading analysts' SQL: sqlglot's Redshift, cut down to what the stand-in knows the meaning of."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokenizer_core import Token, TokenType

from infra.local.warehouse.errors import NotSupported, ParameterError, SqlError, SyntaxFault

MAX_STATEMENT_BYTES = 100_000
# sqlglot's parser tries several readings of an opening parenthesis, so depth costs more than linear time.
MAX_DEPTH = 32
MAX_TOKENS = 20_000
MAX_SELECTS = 1_000
MAX_DIGITS = 1_000
APPROXIMATE = "approximate"
UNPIVOTED = "unpivoted"  # of a path in FROM: its members are listed, not its elements
_PATH_TOKENS = frozenset(
    {
        *(TokenType.VAR, TokenType.IDENTIFIER, TokenType.DOT, TokenType.NUMBER),
        *(TokenType.L_BRACKET, TokenType.R_BRACKET),
    }
)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_PARAMETER = re.compile(r"[A-Za-z_]\w*")

_AGGREGATES = {
    "COUNT": exp.Count,
    "SUM": exp.Sum,
    "AVG": exp.Avg,
    "MIN": exp.Min,
    "MAX": exp.Max,
    "MEDIAN": exp.Median,
    "PERCENTILE_CONT": exp.PercentileCont,
    "PERCENTILE_DISC": exp.PercentileDisc,
    "LISTAGG": exp.GroupConcat,
    "STDDEV": exp.StddevSamp,
    "STDDEV_SAMP": exp.StddevSamp,
    "STDDEV_POP": exp.StddevPop,
    "VARIANCE": exp.Variance,
    "VAR_SAMP": exp.Variance,
    "VAR_POP": exp.VariancePop,
    "BOOL_AND": exp.LogicalAnd,
    "BOOL_OR": exp.LogicalOr,
    "BIT_AND": exp.BitwiseAndAgg,
    "BIT_OR": exp.BitwiseOrAgg,
    "ANY_VALUE": exp.AnyValue,
    "GROUPING": exp.Grouping,
    "GROUPING_ID": exp.Grouping,
    "ROW_NUMBER": exp.RowNumber,
    "RANK": exp.Rank,
    "DENSE_RANK": exp.DenseRank,
    "PERCENT_RANK": exp.PercentRank,
    "CUME_DIST": exp.CumeDist,
    "NTILE": exp.Ntile,
    "LAG": exp.Lag,
    "LEAD": exp.Lead,
    "FIRST_VALUE": exp.FirstValue,
    "LAST_VALUE": exp.LastValue,
    "NTH_VALUE": exp.NthValue,
}


def _only(table: Mapping[Any, Any], *names: Any) -> dict[Any, Any]:
    return {name: table[name] for name in names}


class Analysts(Redshift):
    """Redshift's grammar; a function that is no aggregate stays a name, for `functions` to know or refuse."""

    ORIGINAL_NAME_META_KEY = "name"

    class Tokenizer(Redshift.Tokenizer):
        KEYWORDS: ClassVar = {
            **Redshift.Tokenizer.KEYWORDS,
            "FLOAT": TokenType.DOUBLE,  # FLOAT is FLOAT8 in Redshift
        }

    class Parser(RedshiftParser):
        FUNCTIONS: ClassVar = {
            name: (kind.from_arg_list if name != "COUNT" else RedshiftParser.FUNCTIONS["COUNT"])
            for name, kind in _AGGREGATES.items()
        }
        FUNCTION_PARSERS: ClassVar = _only(
            RedshiftParser.FUNCTION_PARSERS,
            *("CAST", "TRY_CAST", "CONVERT", "EXTRACT", "TRIM", "SUBSTRING", "POSITION"),
        )
        NO_PAREN_FUNCTIONS: ClassVar = _only(
            RedshiftParser.NO_PAREN_FUNCTIONS,
            *(TokenType.CURRENT_DATE, TokenType.CURRENT_TIMESTAMP, TokenType.CURRENT_TIME),
            *(TokenType.LOCALTIME, TokenType.LOCALTIMESTAMP),
            *(TokenType.CURRENT_USER, TokenType.SESSION_USER),
        )
        NO_PAREN_FUNCTION_PARSERS: ClassVar = _only(
            RedshiftParser.NO_PAREN_FUNCTION_PARSERS, "CASE", "APPROXIMATE", "SYSDATE"
        )

        def _parse_approximate_count(self) -> Any:
            """APPROXIMATE before COUNT or PERCENTILE_DISC."""
            word = self._curr.text.upper() if self._curr is not None else ""
            if word != "PERCENTILE_DISC":
                return super()._parse_approximate_count()
            found = self._parse_function()
            for node in found.find_all(exp.PercentileDisc) if found else ():
                node.meta[APPROXIMATE] = True
            return found

        def _parse_string_as_identifier(self) -> exp.Identifier | None:
            """None: text in quotes is never a name."""
            return None

        def _parse_join(self, *arguments: Any, **options: Any) -> exp.Join | None:
            """A join with its condition: sqlglot reads one without as a product of the tables."""
            comma = self._curr is not None and self._curr.token_type == TokenType.COMMA
            join = super()._parse_join(*arguments, **options)
            if join is None or comma or join.args.get("kind") == "CROSS":
                return join
            if not any(join.args.get(part) for part in ("on", "using", "method")):
                self.raise_error("A join needs a condition")
            return join

        def _parse_table(self, *arguments: Any, **options: Any) -> exp.Expr | None:
            """A source of FROM; sqlglot reads no path with brackets there, and no UNPIVOT of one."""
            members = self._curr is not None and self._curr.token_type == TokenType.UNPIVOT
            if not (members or self._is_at_path()):
                return super()._parse_table(*arguments, **options)
            self._match(TokenType.UNPIVOT)
            path = self._parse_column()
            self._match(TokenType.ALIAS)
            value = self._parse_id_var(any_token=False, tokens=self.TABLE_ALIAS_TOKENS)
            position = self._parse_id_var() if self._match_text_seq("AT") else None
            if path is None or value is None:
                self.raise_error("A path in FROM needs a name")
            found = exp.Unnest(expressions=[path], alias=exp.TableAlias(columns=[value]), offset=position)
            found.meta[UNPIVOTED] = members
            return found

        def _is_at_path(self) -> bool:
            """Whether names, dots and positions in brackets follow, a bracket among them."""
            bracket = False
            for token in self._tokens[self._index :]:
                bracket = bracket or token.token_type == TokenType.L_BRACKET
                if token.token_type not in _PATH_TOKENS:
                    break
            return bracket

        def _parse_interval(self, *_: Any, **__: Any) -> exp.Interval | None:
            """INTERVAL with its text as it is, and its qualifier: sqlglot reads units out of the text."""
            index = self._index
            if not self._match(TokenType.INTERVAL) or self._curr.token_type != TokenType.STRING:
                self._retreat(index)
                return None
            found = exp.Interval(this=self._parse_primary())
            if self._curr is not None and self._curr.text.upper() in self.dialect.VALID_INTERVAL_UNITS:
                unit: exp.Expr = exp.Var(this=self._curr.text.upper())
                self._advance()
                if self._match_text_seq("TO"):
                    last = self._parse_var(any_token=True, upper=True)
                    unit = exp.IntervalSpan(this=unit, expression=last)
                found.set("unit", unit)
            return found

        def _parse_star_ops(self) -> exp.Expr:
            """A star; EXCLUDE belongs to the whole list, and EXCEPT after it begins another query."""
            return exp.Star()


DIALECT = Analysts()


def check_size(sql: str) -> None:
    """Raises SqlError when the statement is longer than the Data API takes."""
    if len(sql.encode(errors="surrogatepass")) > MAX_STATEMENT_BYTES:
        raise SqlError(f"statement is larger than {MAX_STATEMENT_BYTES} bytes", "54000")
    if _NO_TEXT.search(sql):
        raise SyntaxFault("invalid byte sequence")


def parse(sql: str) -> exp.Expr:
    """The tree of the one statement in the text; SyntaxFault when it is none or several."""
    try:
        found = DIALECT.tokenize(sql)
        _check_depth(found)
        trees = DIALECT.parser().parse(_with_parameter_names(found), sql)
    except TokenError as fault:
        raise SyntaxFault("syntax error: unterminated literal, name or comment") from fault
    except ParseError as fault:
        raise SyntaxFault(_near(fault)) from fault
    except RecursionError:
        raise SqlError("statement is too complex", "54001") from None
    trees = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1:
        raise SyntaxFault("cannot insert multiple commands into a prepared statement")
    return trees[0]  # type: ignore[return-value]  # filtered above


def parse_expression(sql: str) -> exp.Expr:
    """The tree of one expression, as a policy or a default writes it."""
    tree = parse(f"SELECT {sql}")
    if (
        not isinstance(tree, exp.Select)
        or set(_present(tree)) != {"expressions"}
        or len(tree.expressions) != 1
    ):
        raise SyntaxFault("syntax error: one expression is expected")
    expression: exp.Expr = tree.expressions[0].pop()
    return expression


def _present(node: exp.Expr) -> list[str]:
    return [name for name, value in node.args.items() if value not in (None, False, [])]


def _near(fault: ParseError) -> str:
    word = fault.errors[0].get("highlight") if fault.errors else None
    return f'syntax error at or near "{word[:60]}"' if word else "syntax error"


def _check_depth(found: list[Token]) -> None:
    selects = sum(token.token_type == TokenType.SELECT for token in found)
    if len(found) > MAX_TOKENS or selects > MAX_SELECTS:
        raise SqlError("statement is too complex", "54001")
    depth = 0
    for token in found:
        if token.token_type == TokenType.NUMBER and len(token.text) > MAX_DIGITS:
            raise SqlError("numeric value out of range", "22003")
        if token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE):
            depth += 1
        elif token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END):
            depth -= 1
        if depth > MAX_DEPTH:
            raise SqlError("statement is too complex: parentheses are nested too deeply", "54001")


def _with_parameter_names(found: list[Token]) -> list[Token]:
    """The tokens, with a keyword after a colon (`:from`) made an ordinary name."""
    for colon, name in pairwise(found):
        adjacent = colon.token_type == TokenType.COLON and name.start == colon.end + 1
        if adjacent and _PARAMETER.fullmatch(name.text):
            name.token_type = TokenType.VAR
    return found


def fold_names(nodes: Iterable[exp.Expr]) -> None:
    """Makes names lower case, quoted or not."""
    for node in nodes:
        if isinstance(node, exp.Identifier):
            DIALECT.normalize_identifier(node)


def bind(tree: exp.Expr, parameters: Mapping[str, str]) -> exp.Expr:
    """Puts the parameters into the tree as untyped literals; ParameterError unless they match its names."""
    used = set()
    for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        name = node.this if isinstance(node.this, str) else ""
        if isinstance(node, exp.Parameter) or not name:
            raise NotSupported("a positional parameter")
        if isinstance(node.parent, exp.Table | exp.TableAlias) or node.arg_key == "alias":
            raise SyntaxFault(f'syntax error at or near ":{name[:60]}"')
        if name not in parameters:
            raise ParameterError(f"parameter :{name} of the statement has no value")
        used.add(name)
        value: exp.Expr = exp.Literal.string(parameters[name])
        if isinstance(node.parent, exp.Limit | exp.Offset):
            value = _whole(name, parameters[name])
        node.replace(value)
    check_unused(parameters, used)
    return tree


# Text, quoted names, comments and casts hide a colon that is no parameter.
_NAMED = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?(?:\*/|\Z)|::|:([0-9a-zA-Z_]+)""", re.DOTALL
)


def named_parameters(sql: str, parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Those of a batch's parameters that this statement of it names."""
    named = {match[1] for match in _NAMED.finditer(sql)}
    return {name: value for name, value in parameters.items() if name in named}


def check_unused(parameters: Mapping[str, str], used: set[str]) -> None:
    """Raises ParameterError when a parameter was passed that the statement does not use."""
    unused = sorted(set(parameters) - used)
    if unused:
        raise ParameterError(f"parameter :{unused[0]} is not used by the statement")


def _whole(name: str, value: str) -> exp.Expr:
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise ParameterError(f"parameter :{name} must be a whole number")
    return exp.Literal.number(value)
