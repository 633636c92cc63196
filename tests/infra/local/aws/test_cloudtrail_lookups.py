"""CloudTrail's LookupEvents, as an administrator calls it, and who may."""

import datetime as dt
import json
import secrets

import pytest

from tests import outside
from tests.infra.local.aws.conftest import policy, refusal


@pytest.mark.parametrize(
    ("key", "of"),
    [
        ("EventId", lambda record: record["eventID"]),
        ("EventName", lambda _: "ExecuteStatement"),
        ("EventSource", lambda _: "redshift-data.amazonaws.com"),
        ("Username", lambda _: "frank@example.com"),
        ("AccessKeyId", lambda record: record["userIdentity"]["accessKeyId"]),
        ("ReadOnly", lambda _: "false"),
    ],
)
def test_an_event_is_found_by_each_attribute(key, of, events, history):
    wanted = events["ExecuteStatement"]
    found = history(**{key: of(wanted)})
    assert wanted in found
    if key == "EventId":
        assert found == [wanted]


@pytest.mark.parametrize("key", ["ResourceType", "ResourceName"])
def test_an_event_is_found_by_what_it_was_about(key, env, events, history):
    value = {"ResourceType": "AWS::IAM::Role", "ResourceName": env["DATA_ROLE_ARN"]}[key]
    assert events["AssumeRole"] in history(**{key: value})
    assert events["ExecuteStatement"] not in history(**{key: value})


def test_a_listed_event_repeats_what_its_record_says(admin, events):
    record = events["AssumeRole"]
    wanted = [{"AttributeKey": "EventId", "AttributeValue": record["eventID"]}]
    (event,) = admin("cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]
    assert event.pop("EventTime") == dt.datetime.fromisoformat(record["eventTime"])
    assert json.loads(event.pop("CloudTrailEvent")) == record
    assert event == {
        "EventId": record["eventID"],
        "EventName": "AssumeRole",
        "ReadOnly": "true",
        "AccessKeyId": record["userIdentity"]["accessKeyId"],
        "EventSource": "sts.amazonaws.com",
        "Username": "frank@example.com",
        "Resources": [
            {"ResourceType": "AWS::IAM::Role", "ResourceName": record["resources"][0]["ARN"]},
        ],
    }


def test_the_newest_comes_first_and_pages_neither_repeat_nor_leave_out(admin, events):
    cloudtrail = admin("cloudtrail")
    everything = [
        event["EventId"]
        for page in cloudtrail.get_paginator("lookup_events").paginate()
        for event in page["Events"]
    ]
    assert len(set(everything)) == len(everything) > 50
    first = cloudtrail.lookup_events(MaxResults=3)
    second = cloudtrail.lookup_events(MaxResults=3, NextToken=first["NextToken"])
    ids = [event["EventId"] for page in (first, second) for event in page["Events"]]
    assert len(ids) == 6
    times = [event["EventTime"] for page in (first, second) for event in page["Events"]]
    assert times == sorted(times, reverse=True)
    # The look-ups above are the newest; what was there before them is as it was, in its order.
    kept = [each for each in ids if each in everything]
    assert everything[: len(kept)] == kept


def test_a_time_bounds_the_events(admin, events):
    at = dt.datetime.fromisoformat(events["ExecuteStatement"]["eventTime"])
    wanted = [{"AttributeKey": "EventId", "AttributeValue": events["ExecuteStatement"]["eventID"]}]

    def found(**times):
        return len(admin("cloudtrail").lookup_events(LookupAttributes=wanted, **times)["Events"])

    second = dt.timedelta(seconds=1)
    assert found(StartTime=at, EndTime=at) == 1
    assert found(EndTime=at - second) == 0
    assert found(StartTime=at + second) == 0


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (
            {"LookupAttributes": [{"AttributeKey": "ReadOnly", "AttributeValue": "true"}] * 2},
            "InvalidLookupAttributesException",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "red"}]},
            "InvalidLookupAttributesException",
        ),
        ({"LookupAttributes": [{"AttributeKey": "EventName"}]}, "InvalidLookupAttributesException"),
        ({"StartTime": 1_700_000_001, "EndTime": 1_700_000_000}, "InvalidTimeRangeException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": "many"}, "InvalidMaxResultsException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
        ({"NextToken": "A" * 54}, "InvalidNextTokenException"),
        ({"EventCategory": "management"}, "InvalidEventCategoryException"),
        ({"EventCategory": "insight"}, "NotImplemented"),
    ],
)
def test_what_cannot_be_looked_up_is_refused_by_name(parameters, code, env):
    client = unchecked(env)
    assert refusal(client.lookup_events, **parameters) == code


def unchecked(env):
    """The administrator's client, which leaves it to the service to check the parameters."""
    return outside.aws(env, "cloudtrail", outside.administrator(env), parameter_validation=False)


def test_a_token_is_worth_nothing_for_another_look_up(admin, events):
    cloudtrail = admin("cloudtrail")
    token = cloudtrail.lookup_events(MaxResults=1)["NextToken"]
    attribute = [{"AttributeKey": "ReadOnly", "AttributeValue": "true"}]
    code = refusal(cloudtrail.lookup_events, LookupAttributes=attribute, NextToken=token)
    assert code == "InvalidNextTokenException"


@pytest.mark.parametrize("operation", ["describe_trails", "list_trails", "list_event_data_stores"])
def test_other_operations_of_cloudtrail_say_that_they_are_missing(operation, admin):
    assert refusal(getattr(admin("cloudtrail"), operation)) == "NotImplemented"


def test_who_has_no_permission_reads_nothing(env, admin, chain):
    bridge, person = (chain[step]["Credentials"] for step in ("AssumeRoleWithWebIdentity", "AssumeRole"))
    for keys in (bridge, person):
        assert refusal(outside.aws(env, "cloudtrail", keys).lookup_events) == "AccessDeniedException"


def test_a_user_with_the_permission_reads(env, admin):
    iam, user = admin("iam"), f"auditor-{secrets.token_hex(4)}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    auditor = outside.aws(env, "cloudtrail", key)
    assert refusal(auditor.lookup_events) == "AccessDeniedException"
    allowed = {"Effect": "Allow", "Action": "cloudtrail:LookupEvents", "Resource": "*"}
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy(allowed))
    assert auditor.lookup_events(MaxResults=1)["Events"]
