"""A condition's SQL → its tree, as PostgreSQL's grammar and Redshift's views and plans write it.

What two grammars could read in two ways is not read at all: then its SQL is all that can be said.
"""

from collections.abc import Callable, Sequence

from app.policies import tree
from app.policies.tokens import Token, Unreadable, tokens_of
from app.policies.tree import CONDITIONS, RESERVED, Condition, Value

_DEEPEST = 40  # brackets within brackets
_LONGEST_CHAIN = 200

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
# PostgreSQL 8 gives these the rank of ||, later ones a lower: only brackets then tell what is meant.
_RANKED_WITH_JOINS = frozenset({"<>", "!=", "<=", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*"})
_LIKES = {"~~": (False, False), "!~~": (False, True), "~~*": (True, False), "!~~*": (True, True)}
_PATTERNS = {"~": ("~", False), "!~": ("~", True), "~*": ("~*", False), "!~*": ("~*", True)}
_BARE = frozenset({"current_date", "current_timestamp", "sysdate", "session_user", "user"})
_SIDES = frozenset({"left", "right"})  # of a join, and functions
_NO_NAMES = RESERVED - _BARE - {"current_user"}
_CONSTANTS = {"true": True, "false": False, "null": None}
# What would go on with a comparison that has ended.
_FOLLOWS = frozenset(
    {*_COMPARISONS, *_LIKES, *_PATTERNS, "is", "isnull", "notnull", "in", "between", "like", "ilike"}
    | {"similar", "||", "+", "-", "*", "/", "%", "::", "escape", "not"}
)
Node = Value | Condition
_TYPES = (
    "double precision",
    "character varying",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
)


def read(text: str) -> Condition:
    """The condition; raises Unreadable for what is no condition, or not plainly one."""
    reader = _Reader(text)
    found = reader.condition()
    reader.end()
    return found


def read_value(text: str) -> Value:
    """The value that an expression gives; raises Unreadable likewise."""
    reader = _Reader(text)
    found = reader.value()
    reader.end()
    return found


class _Reader:
    """Reads from left to right; a method for each rank of operators, from the weakest."""

    def __init__(self, text: str) -> None:
        self._source = text
        self._tokens = tokens_of(text)
        self._place = 0
        self._depth = self._chained = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _is(self, *words: str) -> bool:
        """Whether these keywords or marks come next."""
        coming = self._tokens[self._place : self._place + len(words)]
        return len(coming) == len(words) and all(
            token.kind in {"word", "mark"} and token.text.lower() == word
            for token, word in zip(coming, words, strict=True)
        )

    def _take(self, *words: str) -> bool:
        found = self._is(*words)
        self._place += len(words) * found
        return found

    def _expect(self, *words: str) -> None:
        if not self._take(*words):
            raise Unreadable(f"{' '.join(words)} expected, {self._now.text!r} found")

    def end(self) -> None:
        if self._now.kind != "end":
            raise Unreadable(f"{self._now.text!r} follows it")

    def condition(self) -> Condition:
        """A whole condition."""
        return _condition(self._either())

    def value(self) -> Value:
        """A whole value."""
        return _value(self._either())

    def _either(self) -> Node:
        return self._nested(lambda: self._joined("or", self._both, tree.some))

    def _both(self) -> Node:
        return self._joined("and", self._negated, tree.every)

    def _joined(
        self, word: str, read: Callable[[], Node], join: Callable[[Sequence[Condition]], Condition]
    ) -> Node:
        first = read()
        if not self._is(word):
            return first
        parts = [_condition(first)]
        while self._take(word):
            parts.append(_condition(read()))
        return join(parts)

    def _negated(self) -> Node:
        if not self._take("not"):
            return self._predicate()
        return tree.Not(_condition(self._nested(self._negated)))

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("too many brackets within brackets")
        found = read()
        self._depth -= 1
        return found

    def _chain(self) -> None:
        """Counts what is said of a value: each makes the tree deeper by one."""
        self._chained += 1
        if self._chained > _LONGEST_CHAIN:
            raise Unreadable("too many operators one after the other")

    def _predicate(self) -> Node:
        left, joined = self._join()
        found = self._compared(left, joined=joined)
        if found is None:
            return left
        if self._now.text.lower() in _FOLLOWS:
            raise Unreadable(f"{self._now.text!r} follows a comparison without brackets")
        return found

    def _compared(self, left: Node, *, joined: bool) -> Condition | None:
        operator = self._now.text if self._now.kind == "mark" else ""
        if operator in _COMPARISONS or operator in _LIKES or operator in _PATTERNS:
            self._place += 1
            right, also_joined = self._join()
            if operator in _RANKED_WITH_JOINS and (joined or also_joined):
                raise Unreadable(f"{operator} beside || without brackets")
            return _comparison(_value(left), operator, _value(right))
        if self._now.kind != "word":
            return None
        if self._take("is"):
            return self._is_what(left)
        if self._take("isnull"):
            return tree.Missing(_value(left), negated=False)
        if self._take("notnull"):
            return tree.Missing(_value(left), negated=True)
        return self._worded(left)

    def _is_what(self, left: Node) -> Condition:
        negated = self._take("not")
        if self._take("null"):
            return tree.Missing(_value(left), negated=negated)
        raise Unreadable("IS with something other than NULL")

    def _worded(self, left: Node) -> Condition | None:
        start = self._place
        negated = self._take("not")
        if self._take("in"):
            return self._among(_value(left), negated=negated)
        if self._take("between"):
            low = _value(self._join()[0])
            self._expect("and")
            return tree.Between(_value(left), low, _value(self._join()[0]), negated)
        for word, alike in (("like", False), ("ilike", True)):
            if self._take(word):
                pattern = _value(self._join()[0])
                return self._unescaped(tree.Like(_value(left), pattern, alike, negated))
        if self._take("similar", "to"):
            pattern = _value(self._join()[0])
            return self._unescaped(tree.Matches(_value(left), "SIMILAR TO", pattern, negated))
        self._place = start
        return None

    def _unescaped(self, found: Condition) -> Condition:
        if self._is("escape"):
            raise Unreadable("ESCAPE")
        return found

    def _among(self, value: Value, *, negated: bool) -> Condition:
        self._expect("(")
        if self._is("select"):
            return tree.LookedUp(value, self._query(), negated)
        values = [self.value()]
        while self._take(","):
            values.append(self.value())
        self._expect(")")
        return tree.Among(value, tuple(values), negated)

    def _join(self) -> tuple[Node, bool]:
        """A value, and whether || stands in it without brackets."""
        left, joined = self._sum(), False
        while self._take("||"):
            self._chain()
            left, joined = tree.Sum("||", _value(left), _value(self._sum())), True
        return left, joined

    def _sum(self) -> Node:
        left = self._product()
        while self._now.text in {"+", "-"} and self._now.kind == "mark":
            self._chain()
            operator = self._advance().text
            left = tree.Sum(operator, _value(left), _value(self._product()))
        return left

    def _product(self) -> Node:
        left = self._signed()
        while self._now.text in {"*", "/", "%"} and self._now.kind == "mark":
            self._chain()
            operator = self._advance().text
            left = tree.Sum(operator, _value(left), _value(self._signed()))
        return left

    def _signed(self) -> Node:
        if self._take("-"):
            return tree.Negative(_value(self._nested(self._signed)))
        found = self._primary()
        while self._take("::"):
            self._chain()
            found = tree.Cast(_value(found), self._type())
        return found

    def _advance(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _primary(self) -> Node:  # noqa: PLR0911 - a line for each kind
        token = self._now
        if token.kind == "literal":
            return self._text()
        if token.kind == "number":
            return tree.Number(self._advance().text)
        if self._take("("):
            return self._enclosed()
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            self._place += 1
            return tree.Truth(_CONSTANTS[token.text.lower()])
        if self._take("case"):
            return self._case()
        if self._take("cast", "("):
            return self._cast()
        if self._take("exists", "("):
            return tree.There(self._query(), negated=False)
        return self._named()

    def _text(self) -> tree.Text:
        text = self._advance().text[1:-1].replace("''", "'")
        if self._now.kind == "literal":
            raise Unreadable("a text in two parts")
        return tree.Text(text)

    def _enclosed(self) -> Node:
        if self._is("select"):
            return self._query()
        found = self._either()
        self._expect(")")
        return found

    def _cast(self) -> Value:
        value = self.value()
        self._expect("as")
        kind = self._type()
        self._expect(")")
        return tree.Cast(value, kind)

    def _type(self) -> str:
        for words in _TYPES:
            if self._take(*words.split()):
                return f"{words}{self._size()}"
        if self._now.kind != "word" or self._now.text.lower() in _NO_NAMES:
            raise Unreadable(f"{self._now.text!r} is no type")
        return f"{self._advance().name}{self._size()}"

    def _size(self) -> str:
        if not self._take("("):
            return ""
        size = self._whole()
        while self._take(","):
            size += f",{self._whole()}"
        self._expect(")")
        return f"({size})"

    def _whole(self) -> str:
        if not self._now.text.isdigit():
            raise Unreadable("the size of a type is a number")
        return self._advance().text

    def _named(self) -> Value:
        """A column, a function's value, or who asks."""
        name = self._identifier()
        quoted = self._tokens[self._place - 1].kind == "quoted"
        if name == "current_user" and (not quoted or self._is("(", ")")):
            self._take("(", ")")
            return tree.CurrentUser()
        if self._take("("):
            return self._called(name)
        if self._take("."):
            column = self._identifier()
            if self._is(".") or self._is("("):
                raise Unreadable("a name in three parts, or a function of a schema")
            return tree.Column(column, name)
        if name in _BARE and not quoted:
            return tree.Call(name, (), bare=True)
        return tree.Column(name)

    def _identifier(self) -> str:
        token = self._advance()
        keyword = token.kind == "word" and token.text.lower() in _NO_NAMES
        called = token.text.lower() in _SIDES and self._is("(")
        if token.kind not in {"word", "quoted"} or (keyword and not called):
            raise Unreadable(f"{token.text!r} is no name")
        return token.name

    def _called(self, name: str) -> Value:
        arguments: list[Value] = []
        if not self._take(")"):
            arguments.append(_value(self._either()))
            while self._take(","):
                arguments.append(_value(self._either()))
            self._expect(")")
        return tree.Call(name, tuple(arguments))

    def _case(self) -> Value:
        """As it was written: each WHEN has a condition of its own."""
        start, depth = self._place - 1, 1
        while depth:
            if self._now.kind == "end":
                raise Unreadable("CASE without END")
            depth += self._is("case") - self._is("end")
            self._place += 1
        return tree.Verbatim(self._since(start))

    def _query(self) -> tree.Lookup | tree.Verbatim:
        """A query in brackets, of which the first has been read."""
        start, depth_before = self._place, self._depth
        try:
            return self._lookup()
        except Unreadable:
            self._place, self._depth = start, depth_before
        depth = 1
        while depth:
            if self._now.kind == "end":
                raise Unreadable("a query without its bracket")
            depth += self._is("(") - self._is(")")
            self._place += 1
        self._place -= 1
        query = tree.Verbatim(f"({self._since(start)})")
        self._place += 1
        return query

    def _lookup(self) -> tree.Lookup:
        self._expect("select")
        what = None if self._take("*") else self.value()
        self._expect("from")
        table = tree.name_in_sql(self._identifier())
        if self._take("."):
            table = f"{table}.{tree.name_in_sql(self._identifier())}"
        alias = ""
        if self._take("as") or (self._now.kind in {"word", "quoted"} and not self._is("where")):
            alias = self._identifier()
        where = self.condition() if self._take("where") else None
        self._expect(")")
        return tree.Lookup(what, table, alias, where)

    def _since(self, start: int) -> str:
        return self._text_between(self._tokens[start], self._tokens[self._place - 1])

    def _text_between(self, first: Token, last: Token) -> str:
        return self._source[first.place : last.place + len(last.text)]


def _comparison(left: Value, operator: str, right: Value) -> Condition:
    if operator in _LIKES:
        return tree.Like(left, right, *_LIKES[operator])
    if operator in _PATTERNS:
        kind, negated = _PATTERNS[operator]
        return tree.Matches(left, kind, right, negated)
    return tree.Compared(left, _COMPARISONS[operator], right)


def _value(node: Node) -> Value:
    if isinstance(node, CONDITIONS):
        raise Unreadable("a condition where a value has to be")
    return node


def _condition(node: Node) -> Condition:
    return node if isinstance(node, CONDITIONS) else tree.Holds(node, negated=False)
