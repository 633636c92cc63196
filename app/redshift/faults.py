"""What botocore and Redshift say when something goes wrong → what a person is told.

The one table of the Data API's errors. No message repeats what the service said: its text may hold SQL.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as AwsConnectionError,
)

from app.errors import (
    AppError,
    QueryCancelled,
    QueryDenied,
    QueryError,
    QueryFailed,
    QueryTimedOut,
    SessionExpired,
    WarehouseBusy,
)

_WAITS = "WaitTimeSeconds"
_PERMISSION = re.compile(
    r"permission denied|insufficient[ _]privilege|not have (?:the )?\w* ?(?:permission|privilege)",
    re.IGNORECASE,
)
# The result may have 500 MB, and each of its rows 64 KB. Other limits say "exceeds" too, such as LISTAGG's.
_SIZE = re.compile(
    r"(?:response|query result)\b.{0,40}\bexceed\w*\b.{0,20}\b(?:size|limit)|packet for query is too large",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,80}")
_LONGEST_SAID = 1_000

_TELL_ADMIN = "Try again. If it stays so, give your administrator this code and the statement's id."
_WAIT = "Wait a moment, then refresh."
_SIGN_IN = "Sign in again."


@dataclass(frozen=True)
class Fault:
    """A kind of error, and its words."""

    error: type[QueryError]
    message: str
    remedy: str
    code: str | None = None

    def of(
        self, query_name: str, statement_id: str | None, cause: str | None = None, said: str = ""
    ) -> QueryError:
        return self.error(
            self.message,
            self.remedy,
            query_name=query_name,
            statement_id=statement_id,
            code=self.code,
            cause=cause,
            said=said,
        )


_BUSY = Fault(WarehouseBusy, "The warehouse is busy: too many questions are being asked at once.", _WAIT)
_UNAVAILABLE = Fault(WarehouseBusy, "The warehouse is not available at this moment.", _WAIT, "RL-451")
_UNREACHABLE = Fault(
    QueryFailed,
    "The warehouse cannot be reached over the network.",
    "Check the network, then refresh. Administrators: check AWS_REGION and AWS_ENDPOINT_URL.",
    "RL-423",
)
_AWS_FAULT = Fault(QueryFailed, "AWS had a fault while it worked on the question.", _TELL_ADMIN, "RL-422")
_MISSING = Fault(
    QueryFailed,
    "AWS does not know the warehouse, or no longer keeps this result for you.",
    "Refresh. Administrators: check REDSHIFT_WORKGROUP or REDSHIFT_CLUSTER.",
    "RL-421",
)
_REFUSED_REQUEST = Fault(
    QueryFailed,
    "AWS does not accept the question as the app asked it.",
    "Give your administrator this code. Administrators: check REDSHIFT_DATABASE and the app's version.",
    "RL-424",
)
_NO_API = Fault(
    QueryDenied,
    "AWS does not let you use the Redshift Data API.",
    "Ask your administrator to check the policy of the role in DATA_ROLE_ARN.",
    "RL-411",
)
_NO_LOGIN = Fault(
    QueryDenied,
    "Redshift does not let you in by the direct path.",
    "Sign in again. Administrators: check the warehouse's connection with IAM Identity Center, or set "
    "QUERY_PATH=data-api.",
    "RL-413",
)
_NO_DIRECT_PATH = Fault(
    QueryDenied,
    "AWS does not let you use the direct path to Redshift.",
    "Ask your administrator to allow GetIdentityCenterAuthToken to the role in DATA_ROLE_ARN, or to set "
    "QUERY_PATH=data-api.",
    "RL-414",
)
_NO_TOKENS = Fault(
    QueryFailed,
    "AWS hands out no identity token for this warehouse, and the direct path to Redshift needs one.",
    "Give your administrator this code. Administrators: set QUERY_PATH=data-api, then start the app again.",
    "RL-428",
)
_NO_WAY = Fault(
    QueryFailed,
    "The warehouse cannot be reached by the direct path, or the connection broke.",
    "Refresh. Administrators: check REDSHIFT_HOST, the workgroup's security group and its certificate, or "
    "set QUERY_PATH=data-api.",
    "RL-427",
)
_FAILED = Fault(QueryFailed, "The warehouse could not run the question.", _TELL_ADMIN)
_DENIED = Fault(
    QueryDenied,
    "Redshift gives this data to groups, and none of your groups may read it.",
    "Ask the person who looks after access to add you to a group that may.",
)
_UNREADABLE = Fault(
    QueryFailed,
    "The warehouse's answer came back incomplete or in a form that the app cannot read.",
    _TELL_ADMIN,
    "RL-425",
)
_TOO_LARGE = Fault(
    QueryFailed,
    "The answer is larger than the warehouse hands out at once.",
    "Narrow the filters, such as to a shorter period, then refresh.",
    "RL-426",
)
_TOO_LONG = Fault(
    QueryTimedOut, "The question took too long and was stopped.", "Choose a shorter period, then refresh."
)
_STOPPED = Fault(
    QueryCancelled, "The question was stopped before it was answered.", "Refresh to ask it again."
)

# A statement that FAILED says why in words alone.
_BY_WORDS = ((_PERMISSION, _DENIED), (_SIZE, _TOO_LARGE))

BY_CODE: dict[str, Fault] = {
    "ActiveStatementsExceededException": _BUSY,
    "ActiveSessionsExceededException": _BUSY,
    "ActiveWaitingRequestsExceededException": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "ThrottledException": _BUSY,
    "TooManyRequestsException": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _UNAVAILABLE,
    "ServiceUnavailableException": _UNAVAILABLE,
    "DatabaseConnectionException": _UNAVAILABLE,
    "ExecuteStatementException": _FAILED,
    "BatchExecuteStatementException": _FAILED,
    "QueryTimeoutException": _TOO_LONG,
    "InternalServerException": _AWS_FAULT,
    "InternalFailure": _AWS_FAULT,
    "ResourceNotFoundException": _MISSING,
    "ValidationException": _REFUSED_REQUEST,
    "AccessDeniedException": _NO_API,
    "AccessDenied": _NO_API,
    "UnauthorizedOperation": _NO_API,
}

# By what a SQLSTATE begins with, the longest first.
BY_SQLSTATE: dict[str, Fault] = {
    "08": _NO_WAY,
    "28": _NO_LOGIN,
    "3D000": _REFUSED_REQUEST,
    "42501": _DENIED,
    "53": _BUSY,
    "55P03": _BUSY,
    "57014": _STOPPED,
    "57P": _UNAVAILABLE,
}

# Credentials that ran out or that AWS does not take any more: others may help, or a new sign-in.
ENDED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
}
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
)
_UNANSWERED = (HTTPClientError, AwsConnectionError)


def translate(error: ClientError | BotoCoreError, *, query_name: str, statement_id: str | None) -> AppError:
    """The error of the app that an error of botocore means."""
    if isinstance(error, ClientError):
        if credentials_ended(error):
            return _ended()
        code = error_code(error)
        fault = BY_CODE.get(code, _unknown(code))
        return fault.of(query_name, statement_id, code if _CODE.fullmatch(code) else None)
    if isinstance(error, _NO_CREDENTIALS):
        return _ended()
    name = type(error).__name__
    fault = _UNREACHABLE if isinstance(error, _UNANSWERED) else _unknown(name)
    if isinstance(error, ParamValidationError):
        fault = _REFUSED_REQUEST
    return fault.of(query_name, statement_id, name)


def failed(text: str, *, query_name: str, statement_id: str | None) -> QueryError:
    """The error that a FAILED statement's text means; a denied permission arrives as such a text."""
    fault = next((fault for words, fault in _BY_WORDS if words.search(text)), _FAILED)
    return fault.of(query_name, statement_id, "FAILED", text[:_LONGEST_SAID])


def no_token(error: ClientError | BotoCoreError, *, query_name: str) -> AppError:
    """The error that GetIdentityCenterAuthToken's means."""
    if not isinstance(error, ClientError) or credentials_ended(error):
        return translate(error, query_name=query_name, statement_id=None)
    code = error_code(error)
    fault = BY_CODE.get(code)
    if fault is _NO_API:
        fault = _NO_DIRECT_PATH
    elif fault not in {_BUSY, _UNAVAILABLE, _AWS_FAULT, _MISSING}:
        fault = _NO_TOKENS
    return fault.of(query_name, None, code if _CODE.fullmatch(code) else None)


def by_sqlstate(sqlstate: str | None, cause: str, *, query_name: str, statement_id: str | None) -> QueryError:
    """The error that a SQLSTATE means; without one, the connection broke."""
    if sqlstate is None:
        return _NO_WAY.of(query_name, statement_id, cause)
    starts = (sqlstate[:length] for length in range(len(sqlstate), 1, -1))
    fault = next((BY_SQLSTATE[start] for start in starts if start in BY_SQLSTATE), _FAILED)
    return fault.of(query_name, statement_id, cause)


timed_out: Callable[[str, str | None], QueryError] = _TOO_LONG.of
stopped: Callable[[str, str | None], QueryError] = _STOPPED.of
unreadable: Callable[[str, str | None, str], QueryError] = _UNREADABLE.of
crowded: Callable[[str, str | None], QueryError] = _BUSY.of


def error_code(error: ClientError) -> str:
    """AWS's own name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def passes(error: ClientError | BotoCoreError) -> bool:
    """Whether the same call may be answered a little later: AWS was busy or at fault, or did not answer."""
    if isinstance(error, ClientError):
        return BY_CODE.get(error_code(error)) in {_BUSY, _UNAVAILABLE, _AWS_FAULT}
    return isinstance(error, _UNANSWERED)


def credentials_ended(error: ClientError) -> bool:
    """Whether AWS refused the credentials that signed the call, before it looked at the call."""
    return error_code(error) in ENDED


def refuses_waiting(error: ClientError | BotoCoreError) -> bool:
    """Whether the call was refused for its WaitTimeSeconds alone."""
    too_many = (
        isinstance(error, ClientError) and error_code(error) == "ActiveWaitingRequestsExceededException"
    )
    return too_many or does_not_know_waiting(error)


def does_not_know_waiting(error: ClientError | BotoCoreError) -> bool:
    """Whether an old SDK, or a Region that lags, does not know WaitTimeSeconds and never will."""
    if isinstance(error, ClientError):
        return error_code(error) == "ValidationException" and _WAITS.lower() in str(error).lower()
    return isinstance(error, ParamValidationError) and _WAITS in str(error)


def _ended() -> SessionExpired:
    return SessionExpired("AWS does not accept your sign-in any more.", _SIGN_IN)


def _unknown(code: str) -> Fault:
    name = code if _CODE.fullmatch(code) else "an error without a name"
    return Fault(QueryFailed, f"AWS answered {name}.", _TELL_ADMIN, "RL-429")
