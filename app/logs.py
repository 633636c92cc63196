"""The app's log: no secret in any record, whichever library writes it."""

import logging
import re
import traceback
from typing import Any

_SECRETS = re.compile(
    r"""
    eyJ[\w-]{8,}(?:\.[\w-]*){0,4}                       # a JSON Web Token, or the head of one
    | \b(?:AKIA|ASIA)[A-Z0-9]{12,}\b                    # the id of an AWS access key
    | (?<![\w/+=.-])[A-Za-z0-9/+]{40}(?![\w/+=.-])      # an AWS secret access key
    | [A-Za-z0-9/+=_-]{80,}                             # a session token, an identity context
    | (?<=[?&\s'"{,])(?:code|state|nonce|code_verifier|id_token|access_token|refresh_token|client_secret
        |password|assertion|token)["']?\s*[=:]\s*["']?[^\s&'",}]+
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """The text without whatever is shaped like a token, a key or a secret."""
    return _SECRETS.sub("[redacted]", text)


def _redacted_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A record whose message and traceback are redacted before any handler sees them."""
    record = logging.LogRecord(*args, **kwargs)
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):  # a library's message does not fit its arguments
        message = str(record.msg)
    record.msg, record.args = redact(message), None
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
    return record


def configure(level: str) -> None:
    """Logs to stderr: the app's own records from this level on, the libraries' from WARNING on.

    At DEBUG, botocore writes whole requests with their signatures, so no setting turns that on.
    """
    # Streamlit's loggers have handlers and formats of their own: a record is the one thing that all share.
    logging.setLogRecordFactory(_redacted_record)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("app").setLevel(level)
