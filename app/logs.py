"""The app's log: one line a record, in two formats, with no secret in it, whichever library writes it."""

import json
import logging
import math
import re
import reprlib
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["pretty", "json"]
Value = str | int | float | bool | None
Trace = Callable[[], Mapping[str, str]]
Copy = Callable[[logging.LogRecord, Mapping[str, Value]], None]

_GONE = "[redacted]"
_NAMES = (
    r"(?:code|state|nonce|ticket|token|secret|assertion|Signature"
    r"|(?i:password|passwd|(?:x-)?api[_-]?key|code_verifier|code_challenge"
    r"|(?:id|access|refresh|session|subject|actor|web_identity|aws_session)_?token(?:_hint)?"
    r"|(?:oidc_)?client_?(?:secret|assertion)|(?:aws_)?secret_?(?:access_?)?key|session_key"
    r"|context_?assertion|identity_?context|secret_?string|x-amz-(?:signature|security-token)))"
)
_SECRET_NAME = re.compile(
    rf"{_NAMES}|(?i:cookies?|set-cookie|(?:proxy-)?authorization)|(?:__Host-)?rowlight_\w+", re.ASCII
)
# Certain by what stands before them or by how they begin. Every repetition that looks ahead has a bound, or a
# long text could make the search take the square of its length.
_CERTAIN = re.compile(
    rf"""
    eyJ[\w-]{{8,}}(?:\.[\w-]*){{0,4}}                   # a JSON Web Token, signed or encrypted, or its head
    | gAAAAA[\w-]{{20,}}={{0,2}}                        # Fernet
    | \b(?:AKIA|ASIA)[A-Z0-9]{{12,}}\b                  # the id of an AWS access key
    | (?<=://)[^\s/@:]{{0,99}}:[^\s/@]{{1,999}}(?=@)     # of a proxy or a collector, in its address
    # Headers: as lines, in a dict, as pairs of bytes.
    | (?i:\b(?:proxy-authorization|authorization|set-cookie|cookie))
      (?: \\*["']?\s{{0,9}}[:=]\s{{0,9}}b?
          (?: \\*"[^"\n]*"? | \\*'[^'\n]*'?
            | (?=[^\s=]{{1,99}}=|\w{{1,99}}\s{{1,9}}\S) [^\s"'][^\r\n]* )
        | ["']\s{{0,9}},\s{{0,9}}b?(?:"[^"\n]*"?|'[^'\n]*'?) )
    | (?i:\b(?:bearer|basic|dpop))\s{{1,9}}
      (?=[\w.~+/-]{{0,999}}(?:[0-9=._~+/]|[a-z][A-Z])) [\w.~+/-]{{6,}}=*
    | (?:__Host-)?rowlight_(?:session|visitor|said)\\*["']?\s{{0,9}}[=:,]\s{{0,9}}\\*["']?[^\s;,&"'\\]+
    # Names with values: in an address, a form, JSON, a dict.
    | (?:(?<![\w-])|(?<=%26)|(?<=%3[fF]))
      {_NAMES}\\*["']?\s{{0,9}}(?:[=:]|%3[dD])\s{{0,9}}\\*
      (?:b?"[^"\n]*"? | b?'[^'\n]*'? | [^\s&'",;}}\\]+)
    """,
    re.VERBOSE | re.ASCII,
)
# Only likely, by their length: what is taken for one must also look like chance. Tokens are taken whole
# before a part of them is. ARNs end in names that people and CloudFormation choose.
_LIKELY = re.compile(
    r"""
    (?P<certain>(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){0,4})
    | (?P<arn>\barn:aws[\w-]*:[\w-]*:[\w-]*:\d*:[\w+=,.@:/-]+)
    | (?<![\w/+=.-])(?:[A-Za-z0-9/+]{40}|[A-Za-z0-9/+]{43}=)(?![\w/+=.-])   # AWS's secret keys; 32 bytes
    | (?<![\w-])[\w-]{43,}(?![\w-])                                         # cookies, tickets, verifiers
    | [\w/+=-]{80,}                                                         # session tokens and the like
    """,
    re.VERBOSE | re.ASCII,
)
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_SIGNS = re.compile(r"[\W_]+", re.ASCII)
_WHOLE_TOKEN = 80

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHORT = 2_000
_LONG = 20_000
# Ahead of each line of a traceback: no text of an exception can begin a line as a record does.
_MARGIN = "  | "


def redact(text: str) -> str:
    """The text without whatever is shaped like a token, a key or a secret."""
    return _CERTAIN.sub(_GONE, _LIKELY.sub(_unless_harmless, text))


def _unless_harmless(found: re.Match[str]) -> str:
    text = found[0]
    return text if found["arn"] or not (found["certain"] or _is_chance(text)) else _GONE


def _is_chance(text: str) -> bool:
    """Tells 32 random bytes from a name, a path or a hash in hexadecimal digits.

    Names consist of words: runs of letters of a kind, or of digits, of five characters and more on average,
    of four where many signs part them. In random text such a run has less than two characters, and so many
    on average about once in a million. Long paths have the shortest words; length makes up for that.
    """
    letters = _SIGNS.sub("", text)
    if letters in {letters.lower(), letters.upper()}:
        return False
    parted = (len(text) - len(letters)) * 12 >= len(text)
    word = 3 if len(text) >= _WHOLE_TOKEN else 4 if parted else 5
    return len(_RUN.findall(letters)) * word > len(letters)


def _clean(text: str, most: int) -> str:
    """The text redacted, and cut to a length; it is cut where no half of a secret can be left over."""
    window = 4 * most
    if len(text) > window:
        # Half a secret at the window's end would no longer look like one: the last word goes.
        head = text[:window].rpartition(" ")[0]
        return f"{redact(head)[:most]}… ({len(text)} characters)"
    redacted = redact(text)
    return redacted if len(redacted) <= most else f"{redacted[:most]}… ({len(text)} characters)"


def _line(text: str) -> str:
    """The text on one line, without what a terminal obeys."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _block(text: str) -> str:
    """Several lines, each set off from the records around it."""
    return "\n".join(_MARGIN + _line(line) for line in _clean(text, _LONG).rstrip().split("\n"))


class _Repr(reprlib.Repr):
    """What stands for a value that is no plain one: however deep, long, cyclic or broken it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 20
        self.maxother = 10 * _LONG

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002 - reprlib's own would cut before we redact
        return repr(_clean(x, _SHORT))

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - Python refuses to write very long ones
        return repr(x) if x.bit_length() < _LONGEST_INTEGER else f"<{x.bit_length()} bits>"


_LONGEST_INTEGER = 64
_repr = _Repr()


def _plain(name: str, value: object) -> Value:
    """A field's value as both formats can show it, without secrets."""
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAME.fullmatch(name):
        return _GONE
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))  # JSON knows no NaN
    if isinstance(value, int) and value.bit_length() < _LONGEST_INTEGER:
        return int(value)
    return _line(_clean(str.__str__(value) if isinstance(value, str) else _repr.repr(value), _SHORT))


class _Record(logging.LogRecord):
    """A record whose message and traceback are redacted before any handler sees them."""

    trace: "staticmethod[[], Mapping[str, str]]" = staticmethod(dict)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vars(self).update(self.trace())
        # An argument may fail in any way when it is printed; what is logged must never stop what logs.
        message = None
        with suppress(Exception):
            message = self.getMessage()
        if message is None:
            message = _repr.repr(self.msg)
        self.msg, self.args = _line(_clean(message, _LONG)), None
        if self.exc_info and self.exc_info[0] is not None:
            self.exc_text = _block("".join(traceback.format_exception(*self.exc_info)))
        if self.stack_info:
            self.stack_info = _block(self.stack_info)


# What every record has. `color_message` is uvicorn's message once more, with a terminal's colours.
_USUAL = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def _fields(record: logging.LogRecord) -> dict[str, Value]:
    """What was logged beside the message."""
    given = [(str(name), value) for name, value in vars(record).items() if name not in _USUAL]
    return {_line(_clean(name, _SHORT)): _plain(name, value) for name, value in given}


class _Pretty(logging.Formatter):
    """For people: time, level, logger, message, key=value; tracebacks below, set off."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        fields = _fields(record).items()
        # An audit event's name is the message too.
        shown = [f"{name}={_quoted(value)}" for name, value in fields if value != record.message]
        return " ".join([_line(super().formatMessage(record)), *shown])


def _quoted(value: object) -> str:
    """A value that ends where it seems to end."""
    text = str(value)
    return text if re.fullmatch(r"[^\s\"'=]+", text) else json.dumps(text, ensure_ascii=False)


class _Json(logging.Formatter):
    """For machines: an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        own: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, text in (("exception", record.exc_text), ("stack", record.stack_info)):
            if text:
                own[name] = "\n".join(line.removeprefix(_MARGIN) for line in text.split("\n"))
        fields = {f"{name}_" if name in own else name: value for name, value in _fields(record).items()}
        # ASCII: a terminal or a file of another encoding cannot spoil the line.
        return json.dumps({**own, **fields})


class _Logger(logging.Logger):
    """A logger that writes the log's lines, though its library brings a handler and a format of its own.

    Streamlit does, for each of its modules, when that is first imported.
    """

    way: "_Way"

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - logging's name
        self.way.prepare(hdlr)
        super().addHandler(hdlr)


@dataclass(frozen=True)
class _Way:
    """How whatever is written is written, and who gets a copy of it."""

    formatter: logging.Formatter
    copy: Copy | None

    def prepare(self, handler: logging.Handler) -> None:
        """Has a handler that writes to a stream write so; files and the like are for somebody else."""
        if type(handler) is logging.StreamHandler or handler is logging.lastResort:
            handler.setFormatter(self.formatter)
            if self.copy is not None:
                handler.addFilter(self._copied)

    def _copied(self, record: logging.LogRecord) -> bool:
        if self.copy is not None:
            self.copy(record, _fields(record))
        return True


def configure(
    level: str, log_format: Format = "pretty", *, trace: Trace = dict, copy: Copy | None = None
) -> None:
    """Logs to stderr: the app's own records from this level on, the libraries' from WARNING on.

    At DEBUG, botocore writes whole requests with their signatures, so no setting turns that on. The audit
    trail and the load are complete at every level. `trace` tells what a record belongs to; `copy` is given
    each record that is written, redacted, and its fields.
    """
    way = _Way(_Json() if log_format == "json" else _Pretty(), copy)
    _Record.trace = staticmethod(trace)
    logging.setLogRecordFactory(_Record)
    handler = logging.StreamHandler()
    way.prepare(handler)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _Logger.way = way
    logging.setLoggerClass(_Logger)
    for logger in list(logging.root.manager.loggerDict.values()):  # those that were made before
        for theirs in logger.handlers if isinstance(logger, logging.Logger) else ():
            way.prepare(theirs)
    # Streamlit and uvicorn, which both set up uvicorn's loggers, leave its errors without any handler.
    if logging.lastResort is not None:
        way.prepare(logging.lastResort)
    logging.getLogger("app").setLevel(level)
    for name in ("app.audit", "app.load"):
        logging.getLogger(name).setLevel(logging.INFO)
