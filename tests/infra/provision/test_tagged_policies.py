"""Session tags: each condition of the role's policies is what keeps somebody out.

How STS and the Data API ask is proved on the stand-in (tests/infra/local/aws/test_session_tags.py); here the
policies are asked by themselves, each of them once more without one condition.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.local.aws.policy import Request, decide, decide_for_principals
from infra.provision.iam import policies
from infra.provision.iam.policies import Policy
from tests.infra.provision.documents import spec, warehouse_arn

FRANK, ETHAN = "frank@example.com", "ethan@example.com"
SPEC = spec(propagation="session_tags", instance_arn="", identity_store_id="", subjects=("sub-frank",))
PROVIDER = {"Federated": frozenset({SPEC.provider_arn})}
TRUST = policies.data_trust(SPEC)
PERMISSIONS = policies.data_permissions(SPEC, warehouse_arn=warehouse_arn(SPEC))
Context = Mapping[str, tuple[str, ...]]


def token(**changes: str | None) -> Context:
    """What STS tells of a token of Frank's, and of what is asked with it; None takes a claim away."""
    claims = {
        "aud": "0oa1",
        "sub": "sub-frank",
        "email": FRANK,
        "session": FRANK,
        "user": FRANK,
        "roles": "amer-sales",
    }
    held = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    tags = {"RedshiftDbUser": held.pop("user", None), "RedshiftDbRoles": held.pop("roles", None)}
    tags |= {name: held.pop(name) for name in [*held] if name[0].isupper()}
    carried = {name: value for name, value in tags.items() if value is not None}
    return {
        "sts:rolesessionname": (held.pop("session"),),
        **{f"{SPEC.issuer_name}:{name}".lower(): (value,) for name, value in held.items()},
        **{f"aws:requesttag/{name}".lower(): (value,) for name, value in carried.items()},
        "aws:tagkeys": tuple(carried),
    }


def gets_the_role(trust: Policy, context: Context) -> bool:
    """By both actions that STS asks for: a token without tags is one that tags nothing."""
    actions = ["sts:AssumeRoleWithWebIdentity", *(["sts:TagSession"] if context["aws:tagkeys"] else [])]
    asked = (Request(action, context=context, principals=PROVIDER) for action in actions)
    return all(decide_for_principals(json.dumps(trust), request).granted for request in asked)


def may(permissions: Policy, action: str, **context: str) -> bool:
    """Whether a session of Frank's may, on the warehouse."""
    keys = {"aws:userid": f"AROA1:{FRANK}", "aws:principaltag/redshiftdbuser": FRANK}
    given = {name.replace("__", ":").replace("_", "-"): value for name, value in context.items()}
    held = {name: (value,) for name, value in {**keys, **given}.items() if value}
    request = Request(action, warehouse_arn(SPEC), held)
    return decide([json.dumps(permissions)], request).granted


def without(policy: Policy, sid: str, operator: str, key: str) -> Policy:
    left: Policy = copy.deepcopy(policy)
    (statement,) = (each for each in left["Statement"] if each["Sid"] == sid)
    del statement["Condition"][operator][key]
    return left


TRUST_CONDITIONS: dict[tuple[str, str, str], dict[str, Any]] = {
    ("PeopleOfThisApp", "StringEquals", "example.okta.com/oauth2/default:aud"): {"aud": "another-app"},
    ("PeopleOfThisApp", "StringEquals", "example.okta.com/oauth2/default:sub"): {"sub": "sub-ethan"},
    ("PeopleOfThisApp", "StringEquals", "example.okta.com/oauth2/default:email"): {"email": ETHAN},
    ("PeopleOfThisApp", "StringEquals", "sts:RoleSessionName"): {"session": ETHAN},
    ("PeopleOfThisApp", "StringLike", "aws:RequestTag/RedshiftDbUser"): {
        "user": "admin",
        "email": "admin",
        "session": "admin",
    },
    ("TagsOfThePerson", "ForAllValues:StringEquals", "aws:TagKeys"): {"Department": "Finance"},
    ("TagsOfThePerson", "StringNotLike", "aws:RequestTag/RedshiftDbRoles"): {
        "roles": "amer-sales:sys:secadmin"
    },
}


def conditions(policy: Policy) -> set[tuple[str, str, str]]:
    return {
        (statement["Sid"], operator, key)
        for statement in policy["Statement"]
        for operator, keys in statement.get("Condition", {}).items()
        for key in keys
    }


def test_who_is_tagged_as_themselves_gets_the_role() -> None:
    assert gets_the_role(TRUST, token())
    assert gets_the_role(TRUST, token(roles=None))
    assert not gets_the_role(TRUST, token(user=None, roles=None))


def test_each_condition_of_the_trust_is_here() -> None:
    assert conditions(TRUST) == TRUST_CONDITIONS.keys()


@pytest.mark.parametrize("condition", TRUST_CONDITIONS, ids=str)
def test_each_condition_keeps_somebody_out(condition: tuple[str, str, str]) -> None:
    attack = token(**TRUST_CONDITIONS[condition])
    assert not gets_the_role(TRUST, attack)
    assert gets_the_role(without(TRUST, *condition), attack)


@pytest.mark.parametrize("sid", [statement["Sid"] for statement in TRUST["Statement"]])
def test_no_statement_of_the_trust_is_for_nothing(sid: str) -> None:
    left = {**TRUST, "Statement": [each for each in TRUST["Statement"] if each["Sid"] != sid]}
    assert not gets_the_role(left, token())


CREDENTIALS, EXECUTE, DESCRIBE = (
    "redshift-serverless:GetCredentials",
    "redshift-data:ExecuteStatement",
    "redshift-data:DescribeStatement",
)
OTHERS = f"AROA1:{ETHAN}"
PERMISSION_CONDITIONS: dict[tuple[str, str, str], tuple[str, dict[str, str]]] = {
    ("ConnectAsTaggedUser", "StringLike", "aws:userid"): (CREDENTIALS, {"aws__userid": OTHERS}),
    ("RunStatements", "StringEqualsIfExists", "redshift-data:session-owner-iam-userid"): (
        EXECUTE,
        {"redshift_data__session_owner_iam_userid": OTHERS},
    ),
    ("FollowOwnStatements", "StringEquals", "redshift-data:statement-owner-iam-userid"): (
        DESCRIBE,
        {"redshift_data__statement_owner_iam_userid": OTHERS},
    ),
}


def test_each_condition_of_the_permissions_is_here() -> None:
    assert conditions(PERMISSIONS) == PERMISSION_CONDITIONS.keys()


def test_a_person_connects_and_follows_their_own() -> None:
    own = f"AROA1:{FRANK}"
    assert may(PERMISSIONS, CREDENTIALS)
    assert may(PERMISSIONS, EXECUTE)
    assert may(PERMISSIONS, EXECUTE, redshift_data__session_owner_iam_userid=own)
    assert may(PERMISSIONS, DESCRIBE, redshift_data__statement_owner_iam_userid=own)


@pytest.mark.parametrize("condition", PERMISSION_CONDITIONS, ids=str)
def test_each_condition_of_the_permissions_keeps_somebody_out(condition: tuple[str, str, str]) -> None:
    action, context = PERMISSION_CONDITIONS[condition]
    assert not may(PERMISSIONS, action, **context)
    assert may(without(PERMISSIONS, *condition), action, **context)


def test_a_session_without_its_tag_connects_as_nobody() -> None:
    key = "aws:principaltag/redshiftdbuser"
    held = {"aws:userid": (f"AROA1:{FRANK}",)}
    assert key not in held
    request = Request(CREDENTIALS, warehouse_arn(SPEC), held)
    assert not decide([json.dumps(PERMISSIONS)], request).granted
