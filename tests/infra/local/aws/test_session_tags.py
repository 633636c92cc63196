"""Session tags: from an ID token's claim to the database user, under the policies of infra.provision."""

import json
import time

import pytest

from infra.provision.iam import policies
from infra.provision.specification.spec import Spec
from tests.infra.local.aws.conftest import ACCOUNT, CLIENT_ID, allow, refusal

TAGS = "https://aws.amazon.com/tags"
FRANK = "frank@example.com"
WORKGROUP = (
    "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/11111111-2222-3333-4444-555555555555"
)


def claim(user=FRANK, roles="amer-sales", **more):
    """The claim as a provider sends it; None leaves a tag out."""
    tags = {"RedshiftDbUser": user, "RedshiftDbRoles": roles, **more}
    return {TAGS: {"principal_tags": {key: [value] for key, value in tags.items() if value is not None}}}


@pytest.fixture(scope="module")
def tagged(world):
    """Takes the data role, as infra.provision makes it, with an ID token that has these claims."""
    spec = Spec(
        region="us-east-1",
        account_id=ACCOUNT,
        issuer=world.issuer.url,
        client_id=CLIENT_ID,
        propagation="session_tags",
    )
    trust = policies.data_trust(spec)
    iam = world.served.client("iam")
    iam.create_role(RoleName="Tagged", AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=43_200)
    permissions = json.dumps(policies.data_permissions(spec, warehouse_arn=WORKGROUP))
    iam.put_role_policy(RoleName="Tagged", PolicyName="own", PolicyDocument=permissions)

    def take(who="frank", session=FRANK, role="Tagged", seconds=3600, **claims):
        return world.served.unsigned("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            RoleSessionName=session,
            WebIdentityToken=world.issuer.token(who, **claims),
            DurationSeconds=seconds,
        )

    return take


@pytest.mark.parametrize(
    "claims",
    [
        claim(),
        claim(roles=None),
        claim(roles="amer-sales:emea-sales"),
        claim(roles="amer-sys:emea-sales"),
        {f"{TAGS}/principal_tags/RedshiftDbUser": FRANK, f"{TAGS}/principal_tags/RedshiftDbRoles": "a:b"},
        {TAGS: {**claim()[TAGS], "transitive_tag_keys": []}},
    ],
    ids=["nested", "no roles", "several roles", "a name that ends in sys", "flattened", "nothing transitive"],
)
def test_who_is_tagged_as_themselves_gets_the_role(tagged, claims):
    assert tagged(**claims)["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/Tagged/{FRANK}")


def test_without_a_role_between_it_may_last_as_long_as_the_role_allows(tagged):
    token = {"exp": 4_000_000_000, **claim()}
    ends = tagged(seconds=43_200, **token)["Credentials"]["Expiration"]
    assert 43_100 < ends.timestamp() - time.time() <= 43_200
    assert refusal(tagged, seconds=43_201, **token) == "ValidationError"


ATTACKS = {
    "no tags": {},
    "no user": claim(user=None),
    "an empty user": claim(user=""),
    "another person": claim(user="ethan@example.com"),
    "another person, and a session of their name": {
        **claim(user="ethan@example.com"),
        "session": "ethan@example.com",
    },
    "a session of another person's name": {**claim(), "session": "ethan@example.com"},
    "the warehouse's administrator": {**claim(user="admin"), "session": "admin"},
    "the database user of an administrators' role": {
        **claim(user="AWSReservedSSO_Administrator"),
        "session": "AWSReservedSSO_Administrator",
    },
    "another case": claim(user="Frank@example.com"),
    "a space at the end": claim(user=f"{FRANK} "),
    "a role of Redshift's own": claim(roles="sys:superuser"),
    "a role of Redshift's own among others": claim(roles="amer-sales:sys:secadmin"),
    "a role of Redshift's own, loudly": claim(roles="SYS:DBA"),
    "a tag that is not for Redshift's users and roles": claim(RedshiftDbGroups="admins"),
    "a tag for other policies": claim(Department="Finance"),
    "no email": {**claim(), "email": None},
    "another email": {**claim(), "email": "ethan@example.com"},
    "a token for another app": {**claim(), "aud": "another-app"},
}


@pytest.mark.parametrize("kind", ATTACKS)
def test_who_would_be_somebody_else_gets_nothing(tagged, kind):
    assert refusal(tagged, **ATTACKS[kind]) in {"AccessDenied", "InvalidIdentityToken"}


MALFORMED = {
    "a text": {TAGS: "RedshiftDbUser=frank@example.com"},
    "a list": {TAGS: [claim()[TAGS]]},
    "tags as a list": {TAGS: {"principal_tags": ["RedshiftDbUser"]}},
    "a value that is no list": {TAGS: {"principal_tags": {"RedshiftDbUser": FRANK}}},
    "two values": {TAGS: {"principal_tags": {"RedshiftDbUser": [FRANK, "ethan@example.com"]}}},
    "no value": {TAGS: {"principal_tags": {"RedshiftDbUser": []}}},
    "a number": {TAGS: {"principal_tags": {"RedshiftDbUser": [7]}}},
    "a long value": claim(roles="r" * 257),
    "a long key": claim(**{"k" * 129: "v"}),
    "a sign that tags lack": claim(roles="amer,sales"),
    "a pattern": claim(roles="*"),
    "a key of AWS's": claim(**{"aws:x": "v"}),
    "one key in two cases": claim(redshiftdbuser="ethan@example.com"),
    "one key in two forms": {**claim(), f"{TAGS}/principal_tags/RedshiftDbUser": "ethan@example.com"},
    "too many": claim(**{f"key{number}": "v" for number in range(50)}),
    "transitive, and no tag": {TAGS: {**claim()[TAGS], "transitive_tag_keys": ["Project"]}},
    "transitive, and no list": {TAGS: {**claim()[TAGS], "transitive_tag_keys": "RedshiftDbUser"}},
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_claim_of_another_form_is_refused(tagged, kind):
    assert refusal(tagged, **MALFORMED[kind]) == "InvalidIdentityToken"


def test_tags_need_a_trust_policy_that_admits_them(tagged, world):
    world.role("NoTags", world.federated_trust())
    assert tagged(role="NoTags")["Credentials"]
    assert refusal(tagged, role="NoTags", **claim()) == "AccessDenied"


def test_policies_see_the_sessions_tags_and_the_roles_own(tagged, world):
    provider = world.federated_trust()
    trust = {**provider, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}
    whose = {"StringEquals": {"aws:PrincipalTag/RedshiftDbUser": FRANK, "aws:PrincipalTag/team": "data"}}
    world.role("ByTag", trust, allow("iam:ListRoles", Condition=whose))
    iam = world.served.client("iam")
    iam.tag_role(RoleName="ByTag", Tags=[{"Key": "Team", "Value": "data"}])
    assert world.served.client("iam", tagged(role="ByTag", **claim())["Credentials"]).list_roles()["Roles"]
    others = world.served.client(
        "iam", tagged(role="ByTag", **claim(user="ethan@example.com"))["Credentials"]
    )
    assert refusal(others.list_roles) == "AccessDenied"
    overriding = tagged(role="ByTag", **claim(team="other"))["Credentials"]
    assert refusal(world.served.client("iam", overriding).list_roles) == "AccessDenied"


def test_a_session_with_transitive_tags_assumes_no_other_role(tagged, world):
    trust = {**world.federated_trust(), "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}
    world.role("Transitive", trust, allow("sts:*"))
    passed = {TAGS: {**claim()[TAGS], "transitive_tag_keys": ["RedshiftDbUser"]}}
    keys = tagged(role="Transitive", **passed)["Credentials"]
    assert refusal(world.assume, context=None, keys=keys) == "NotImplemented"


def test_the_event_history_has_the_tags(tagged, world):
    tagged(**claim(roles="a:b"))
    trail = world.served.client("cloudtrail")
    asked = [{"AttributeKey": "Username", "AttributeValue": "sub-frank"}]
    event = json.loads(trail.lookup_events(LookupAttributes=asked)["Events"][0]["CloudTrailEvent"])
    assert event["requestParameters"]["principalTags"] == {"RedshiftDbUser": FRANK, "RedshiftDbRoles": "a:b"}
