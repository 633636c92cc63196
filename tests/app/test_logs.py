"""No secret in the log, whoever writes it and however."""

import io
import logging
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import logs

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = [
    JWT,
    JWT.rsplit(".", 1)[0],
    "ASIAIOSFODNN7EXAMPLE",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    secrets.token_urlsafe(96),
]


@pytest.fixture
def written():
    """What a stranger's handler, with a format of its own, writes after the log was set up."""
    factory, level = logging.getLogRecordFactory(), logging.getLogger("app").level
    handlers, root_level = logging.root.handlers[:], logging.root.level
    logs.configure("INFO")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("stranger")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, stream
    logger.removeHandler(handler)
    logging.setLogRecordFactory(factory)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(root_level)
    logging.getLogger("app").setLevel(level)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_message_is_taken_out(written, secret):
    logger, stream = written
    logger.info("before %s after", secret)
    logger.info(f"before {{'x': '{secret}'}} after")  # noqa: G004 - as careless libraries do
    logger.info("before %r after", {"x": secret})
    assert secret not in stream.getvalue()
    assert stream.getvalue().count("before") == stream.getvalue().count("after") == 3


@pytest.mark.parametrize("secret", SECRETS)
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
    ],
)
def test_what_an_administrator_needs_stays(text):
    assert logs.redact(text) == text


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Z"]), max_size=60))
def test_tokens_are_found_in_any_surroundings(text):
    assert JWT not in logs.redact(f"{text} {JWT} {text}")


def test_the_apps_level_is_the_setting_and_the_libraries_stay_quiet(written):
    logs.configure("DEBUG")
    assert logging.getLogger("app.auth.exchange").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
