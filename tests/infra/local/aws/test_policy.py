"""IAM's policy language: what allows, what denies, and what is not understood."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.aws.policy import MalformedPolicy, Request, decide, decide_for_principals, parse

ROLE = "arn:aws:iam::123456789012:role/Bridge"


def document(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect="Allow", **elements):
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **elements}


def granted(*statements, action="s3:GetObject", resource="arn:aws:s3:::b/k", **context) -> bool:
    keys = {name.replace("__", ":"): (value,) for name, value in context.items()}
    return decide([document(*statements)], Request(action, resource, keys)).granted


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, True),
        ({"Action": "S3:getobject"}, True),
        ({"Action": ["iam:*", "s3:Get*"]}, True),
        ({"Action": "s3:GetObjec?"}, True),
        ({"Action": "s3:GetObjectAcl"}, False),
        ({"Action": "s3"}, False),
        ({"Resource": "arn:aws:s3:::b/*"}, True),
        ({"Resource": "arn:aws:s3:::b"}, False),
        ({"Resource": ["arn:aws:s3:::c/*", "arn:aws:s3:::?/k"]}, True),
        ({"Resource": "arn:aws:s3:::B/k"}, False),
        ({"Resource": "arn.aws.s3...b/k"}, False),
    ],
)
def test_actions_and_resources(elements, expected):
    assert granted(statement(**elements)) is expected


def test_not_action_and_not_resource():
    others = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert granted(others)
    assert not granted(others, action="iam:CreateUser")
    elsewhere = {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/*"}
    assert granted(elsewhere, resource="arn:aws:s3:::c/k")
    assert not granted(elsewhere)


def test_nothing_allows_nothing():
    assert not decide([], Request("s3:GetObject")).granted
    assert not granted({"Effect": "Allow", "Action": "*"})


def test_a_deny_wins():
    assert not granted(statement(), statement("Deny", Action="s3:*"))
    assert granted(statement(), statement("Deny", Action="iam:*"))


USER = {"aws__username": "ann", "aws__userid": "AROA:frank"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:username": "ann"}}, True),
        ({"StringEquals": {"AWS:UserName": ["bob", "ann"]}}, True),
        ({"StringEquals": {"aws:username": "Ann"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:username": "ANN"}}, True),
        ({"StringNotEquals": {"aws:username": "ann"}}, False),
        ({"StringNotEquals": {"aws:username": "bob"}}, True),
        ({"StringLike": {"aws:username": "a*"}}, True),
        ({"StringLike": {"aws:userid": "*:frank"}}, True),
        ({"StringEquals": {"aws:username": "${aws:username}"}}, True),
        ({"StringEquals": {"aws:username": "${aws:unheard-of}"}}, False),
        # A known key that the request does not have.
        ({"StringEquals": {"sts:ExternalId": "x"}}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, True),
        ({"StringNotEquals": {"sts:ExternalId": "x"}}, True),
        ({"ForAnyValue:StringNotEquals": {"sts:ExternalId": "x"}}, False),
        ({"ForAllValues:StringEquals": {"sts:ExternalId": "x"}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, True),
        ({"Null": {"aws:username": "true"}}, False),
        # Not known: it never allows, whichever way it is asked for.
        ({"StringEquals": {"aws:SourceIp": "127.0.0.1"}}, False),
        ({"StringNotEquals": {"aws:SourceIp": "127.0.0.1"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceIp": "127.0.0.1"}}, False),
        ({"Null": {"aws:SourceIp": "true"}}, False),
        ({"NumericLessThan": {"aws:username": "1"}}, False),
        ({"Sometimes:StringEquals": {"aws:username": "ann"}}, False),
        # All conditions must hold.
        ({"StringEquals": {"aws:username": "ann", "aws:userid": "other"}}, False),
    ],
)
def test_conditions(condition, expected):
    assert granted(statement(Condition=condition), **USER) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceIp": "127.0.0.1"}},
        {"DateLessThan": {"aws:username": "2030-01-01T00:00:00Z"}},
        {"StringEquals": {"aws:username": "${aws:unheard-of}"}},
    ],
)
def test_what_is_not_understood_denies_in_a_deny(condition):
    assert not granted(statement(), statement("Deny", Condition=condition), **USER)


def test_a_resource_that_is_not_understood_denies_in_a_deny():
    assert not granted(statement(), statement("Deny", Resource="arn:aws:s3:::home/${aws:unheard-of}"))


def test_values_of_several():
    request = Request(
        "s3:GetObject",
        context={"sts:requestcontextproviders": ("arn:aws:iam::aws:p/a", "arn:aws:iam::aws:p/b")},
    )

    def holds(operator, *values):
        condition = {operator: {"sts:RequestContextProviders": list(values)}}
        return decide([document(statement(Condition=condition))], request).granted

    assert holds("ForAnyValue:ArnEquals", "arn:aws:iam::aws:p/a")
    assert not holds("ForAllValues:ArnEquals", "arn:aws:iam::aws:p/a")
    assert holds("ForAllValues:ArnLike", "arn:aws:iam::aws:p/*")
    assert not holds("ForAnyValue:ArnLike", "arn:*:p/*")
    # A variable stands for one value.
    assert not holds("ForAnyValue:StringEquals", "${sts:RequestContextProviders}")


def test_a_variable_does_not_widen_a_pattern():
    named = statement(Resource="arn:aws:s3:::home/${aws:username}/*")
    assert granted(named, resource="arn:aws:s3:::home/ann/x", aws__username="ann")
    assert not granted(named, resource="arn:aws:s3:::home/bob/x", aws__username="*")


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": ROLE}, True),
        ({"AWS": ["arn:aws:iam::123456789012:role/Other", ROLE]}, True),
        ({"AWS": "123456789012"}, True),
        ({"AWS": "*"}, True),
        ("*", True),
        ({"AWS": "arn:aws:iam::123456789012:role/*"}, False),
        ({"Federated": ROLE}, False),
        ({"Service": "redshift-data.amazonaws.com"}, False),
        ({"AWS": [1]}, False),
        ({}, False),
    ],
)
def test_principals(principal, expected):
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
    request = Request("sts:AssumeRole", principals={"AWS": frozenset({ROLE, "123456789012"})})
    assert decide_for_principals(trust, request).granted is expected


@pytest.mark.parametrize("principal", ["*", {"Federated": "*"}, {"AWS": "*"}])
def test_an_identity_provider_has_to_be_named(principal):
    trust = document({"Effect": "Allow", "Action": "*", "Principal": principal})
    request = Request("sts:AssumeRoleWithWebIdentity", principals={"Federated": frozenset({"arn"})})
    assert not decide_for_principals(trust, request).granted


def test_not_principal_always_denies():
    allow = {"Effect": "Allow", "Action": "*", "Principal": {"AWS": ROLE}}
    deny = {"Effect": "Deny", "Action": "*", "NotPrincipal": {"AWS": ROLE}}
    request = Request("sts:AssumeRole", principals={"AWS": frozenset({ROLE})})
    assert decide_for_principals(document(allow), request).granted
    assert not decide_for_principals(document(allow, deny), request).granted


def test_not_principal_never_allows():
    trust = document({"Effect": "Allow", "Action": "*", "NotPrincipal": {"AWS": "arn:other"}})
    assert not decide_for_principals(
        trust, Request("sts:AssumeRole", principals={"AWS": frozenset()})
    ).granted


@given(
    st.text()
    | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps)
)
def test_what_is_no_policy_denies(text):
    with pytest.raises(MalformedPolicy):
        parse(text)
    decision = decide([document(statement()), text], Request("s3:GetObject"))
    assert decision.denied
    assert not decision.granted


@pytest.mark.parametrize("elements", [{}, {"Action": "s3:*", "NotAction": "iam:*"}, {"Action": [1]}])
def test_a_statement_says_once_what_it_is_about(elements):
    with pytest.raises(MalformedPolicy):
        parse(document({"Effect": "Allow", "Resource": "*", **elements}))
