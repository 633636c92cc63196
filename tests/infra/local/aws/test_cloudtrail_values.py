"""What CloudTrail keeps, for how long, and how it writes values down."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.aws import wire
from infra.local.aws.cloudtrail import KEPT_SECONDS, CloudTrail
from infra.local.aws.cloudtrail_values import HIDDEN, MOST_BYTES, OMITTED, Values
from infra.local.aws.exchange import Exchange
from infra.local.aws.model import AwsError, Call, Caller

CALLER = Caller(
    "123456789012", "arn:aws:iam::123456789012:user/a", "arn:aws:iam::123456789012:user/a", "AIDA"
)


class Trail:
    """A CloudTrail whose clock is moved by hand."""

    def __init__(self, **bounds):
        self.now = 1_800_000_000.0
        self.trail = CloudTrail(identity_store_arn="arn:store", clock=lambda: self.now, **bounds)

    def happen(self, *, agent: str = "", operation: str = "ListRoles") -> str:
        model = wire.model_of("iam")
        exchange = Exchange(
            user_agent=agent,
            service="iam",
            operation=operation,
            caller=CALLER,
            model=model,
            operation_model=model.operation_model(operation),
            parameters={},
        )
        self.trail.record(exchange, wire.HttpResponse(200, {}, b""))
        return exchange.request_id

    def look_up(self, **asked):
        return self.trail.lookup(Call("cloudtrail", "LookupEvents", asked, "us-east-1", CALLER, "id"))

    def kept(self, **asked) -> list[str]:
        found, token = [], {}
        while True:
            page = self.look_up(**asked, **token)
            found += [json.loads(event["CloudTrailEvent"])["requestID"] for event in page["Events"]]
            if "NextToken" not in page:
                return found
            token = {"NextToken": page["NextToken"]}


def test_events_are_kept_for_ninety_days():
    trail = Trail()
    first = trail.happen()
    trail.now += KEPT_SECONDS
    assert trail.kept() == [first]
    trail.now += 1
    assert trail.kept() == []
    second = trail.happen()
    trail.now -= 1
    assert trail.kept() == [second]  # gone for good


@pytest.mark.parametrize("bounds", [{"most_events": 3}, {"most_bytes": 2_000}])
def test_no_more_is_kept_than_there_is_room_for(bounds):
    trail = Trail(**bounds)
    ids = [trail.happen(agent="x" * 100) for _ in range(10)]
    kept = trail.kept()
    assert 1 <= len(kept) <= 3
    assert kept == ids[::-1][: len(kept)]


@settings(deadline=None)
@given(count=st.integers(0, 30), size=st.integers(1, 50))
def test_pages_of_any_size_hold_every_event_once_in_order(count, size):
    trail = Trail()
    ids = [trail.happen() for _ in range(count)]
    assert trail.kept(MaxResults=size) == ids[::-1]


@settings(deadline=None)
@given(st.text(max_size=80))
def test_a_token_that_nobody_sealed_is_refused(token):
    trail = Trail()
    trail.happen()
    if not token:
        return
    with pytest.raises(AwsError) as caught:
        trail.look_up(NextToken=token)
    assert caught.value.code == "InvalidNextTokenException"


@pytest.mark.parametrize("moment", ["yesterday", 1e300, "2026-13-01"])
@pytest.mark.parametrize("name", ["StartTime", "EndTime"])
def test_a_time_that_is_none_is_refused(name, moment):
    with pytest.raises(AwsError) as caught:
        Trail().look_up(**{name: moment})
    assert caught.value.code == "InvalidTimeRangeException"


def test_events_that_come_between_two_pages_are_on_neither():
    trail = Trail()
    ids = [trail.happen() for _ in range(4)]
    page = trail.look_up(MaxResults=2)
    trail.happen()
    rest = trail.look_up(MaxResults=2, NextToken=page["NextToken"])
    told = [json.loads(event["CloudTrailEvent"])["requestID"] for event in rest["Events"]]
    assert told == ids[1::-1]


# --- values -------------------------------------------------------------------------------------------

SECRETS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=12, max_size=40)


def shape(service, operation):
    return wire.model_of(service).operation_model(operation).input_shape


@settings(deadline=None)
@given(secret=SECRETS, name=st.sampled_from(["assertion", "refreshToken", "subjectToken", "codeVerifier"]))
def test_what_a_model_calls_sensitive_is_hidden(secret, name):
    values = Values("sso-oidc")
    asked = {"clientId": "c", "grantType": "g", name: secret}
    written = values.written(asked, shape("sso-oidc", "CreateTokenWithIAM"))
    assert written == {"clientId": "c", "grantType": "g", name: HIDDEN}
    assert secret not in values.without_hidden(f"the token {secret} is bad")


@settings(deadline=None)
@given(sql=SECRETS, value=SECRETS, name=SECRETS)
def test_neither_sql_nor_its_values_are_written(sql, value, name):
    values = Values("redshift-data")
    asked = {"Sql": sql, "Parameters": [{"name": name, "value": value}], "Database": "dev"}
    written = values.written(asked, shape("redshift-data", "ExecuteStatement"))
    assert written == {"sql": OMITTED, "parameters": OMITTED, "database": "dev"}
    assert value not in values.without_hidden(f"{sql} with {value}")


def test_a_context_is_hidden_inside_a_list():
    asked = {
        "RoleArn": "r",
        "RoleSessionName": "s",
        "ProvidedContexts": [{"ProviderArn": "p", "ContextAssertion": "context"}],
    }
    written = Values("sts").written(asked, shape("sts", "AssumeRole"))
    assert written["providedContexts"] == [{"providerArn": "p", "contextAssertion": HIDDEN}]


def test_an_element_beyond_its_bound_is_left_out():
    asked = {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "x" * MOST_BYTES}
    written = Values("iam").written(asked, shape("iam", "PutRolePolicy"))
    assert written.keys() == {"omitted", "originalSize"}
    assert written["originalSize"] > MOST_BYTES


def test_times_are_written_as_cloudtrail_does():
    written = Values("cloudtrail").written(
        {"StartTime": 0, "EndTime": "2026-11-28T13:05:09Z"}, shape("cloudtrail", "LookupEvents")
    )
    assert written == {"startTime": "Jan 1, 1970, 12:00:00 AM", "endTime": "Nov 28, 2026, 1:05:09 PM"}
