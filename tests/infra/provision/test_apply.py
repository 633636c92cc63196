"""Applying again changes nothing, what drifted is mended, and what is wrong is told in one line."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from infra.provision.__main__ import main
from infra.provision.apply import apply
from infra.provision.errors import ProvisioningError
from infra.provision.iam import policies
from infra.provision.resources.identity_center import JWT_BEARER
from infra.provision.specification.access import Group
from infra.provision.specification.spec import Spec
from tests import outside

ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def rows_of_sales(env: dict[str, str], session: boto3.Session) -> Any:
    client = session.client("redshift-data")
    return outside.rows(
        client, env, "SELECT count(*) FROM public.sales_data", SecretArn=env["ADMIN_SECRET_ARN"]
    )


def test_applying_again_changes_nothing(env: dict[str, str], spec: Spec, session: boto3.Session) -> None:
    before = rows_of_sales(env, session)
    again = apply(spec, session)
    assert again.changes == ()
    assert again.settings().items() <= env.items()
    assert again.admin_secret_arn == env["ADMIN_SECRET_ARN"]
    assert rows_of_sales(env, session) == before


Vandal = Callable[[boto3.Session, dict[str, str]], Any]


def put_trust(role: str, document: dict[str, Any]) -> Vandal:
    return lambda session, _: session.client("iam").update_assume_role_policy(
        RoleName=role, PolicyDocument=json.dumps(document)
    )


def put_policy(role: str, name: str) -> Vandal:
    return lambda session, _: session.client("iam").put_role_policy(
        RoleName=role, PolicyName=name, PolicyDocument=json.dumps(EVERYTHING)
    )


def attach_administrator(session: boto3.Session, _: dict[str, str]) -> None:
    session.client("iam").attach_role_policy(
        RoleName="IDCBridgeRole", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )


def put_actors(session: boto3.Session, env: dict[str, str]) -> None:
    anybody = json.loads(json.dumps(ANYBODY).replace("sts:AssumeRole", "sso-oauth:CreateTokenWithIAM"))
    anybody["Statement"][0]["Resource"] = "*"
    session.client("sso-admin").put_application_authentication_method(
        ApplicationArn=env["IDC_APPLICATION_ARN"],
        AuthenticationMethodType="IAM",
        AuthenticationMethod={"Iam": {"ActorPolicy": anybody}},
    )


def add_audience(session: boto3.Session, env: dict[str, str]) -> None:
    sso = session.client("sso-admin")
    grant = sso.get_application_grant(
        ApplicationArn=env["IDC_APPLICATION_ARN"], GrantType="urn:ietf:params:oauth:grant-type:jwt-bearer"
    )["Grant"]
    grant["JwtBearer"]["AuthorizedTokenIssuers"][0]["AuthorizedAudiences"].append("another-app")
    sso.put_application_grant(
        ApplicationArn=env["IDC_APPLICATION_ARN"],
        GrantType="urn:ietf:params:oauth:grant-type:jwt-bearer",
        Grant=grant,
    )


def remove_refresh(session: boto3.Session, env: dict[str, str]) -> None:
    session.client("sso-admin").delete_application_grant(
        ApplicationArn=env["IDC_APPLICATION_ARN"], GrantType="refresh_token"
    )


def remove_scope(session: boto3.Session, env: dict[str, str]) -> None:
    session.client("sso-admin").delete_application_access_scope(
        ApplicationArn=env["IDC_APPLICATION_ARN"], Scope="redshift:connect"
    )


def require_assignment(session: boto3.Session, env: dict[str, str]) -> None:
    session.client("sso-admin").put_application_assignment_configuration(
        ApplicationArn=env["IDC_APPLICATION_ARN"], AssignmentRequired=True
    )


def map_by_name(session: boto3.Session, env: dict[str, str]) -> None:
    sso = session.client("sso-admin")
    (issuer,) = sso.list_trusted_token_issuers(InstanceArn=env["IDC_INSTANCE_ARN"])["TrustedTokenIssuers"]
    sso.update_trusted_token_issuer(
        TrustedTokenIssuerArn=issuer["TrustedTokenIssuerArn"],
        TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": {"IdentityStoreAttributePath": "userName"}},
    )


def run_sql(sql: str) -> Vandal:
    return lambda session, env: outside.run(
        session.client("redshift-data"), env, sql, SecretArn=env["ADMIN_SECRET_ARN"]
    )


DRIFTS: dict[str, tuple[Vandal, str]] = {
    "anybody may take the data role": (
        put_trust("RedshiftDataAPIClientRole", ANYBODY),
        "role RedshiftDataAPIClientRole: trust.Statement",
    ),
    "the bridge role may do everything": (
        put_policy("IDCBridgeRole", "IDCBridgeRolePermissions"),
        "permissions of IDCBridgeRole: policies.IDCBridgeRolePermissions.Statement",
    ),
    "the data role has a second policy": (
        put_policy("RedshiftDataAPIClientRole", "Extra"),
        "permissions of RedshiftDataAPIClientRole: policies.Extra",
    ),
    "the bridge role is an administrator": (
        attach_administrator,
        "permissions of IDCBridgeRole: attached",
    ),
    "anybody may ask for tokens": (put_actors, "actor policy of RedshiftStreamlitDemo: policy.Statement"),
    "another app's tokens are taken": (
        add_audience,
        f"grants of RedshiftStreamlitDemo: {JWT_BEARER}.JwtBearer.AuthorizedTokenIssuers",
    ),
    "there is no refresh": (remove_refresh, "grants of RedshiftStreamlitDemo: refresh_token"),
    "there is no scope": (remove_scope, "access scopes of RedshiftStreamlitDemo: redshift:connect"),
    "people must be assigned": (
        require_assignment,
        "assignment rule of RedshiftStreamlitDemo: AssignmentRequired",
    ),
    "people are found by another attribute": (
        map_by_name,
        "trusted token issuer rowlight-token-issuer: IdentityStoreAttributePath",
    ),
    "a policy is detached": (
        run_sql('DETACH RLS POLICY amer_region_filter ON public.sales_data FROM ROLE "AWSIDC:amer-sales"'),
        'ATTACH RLS POLICY amer_region_filter ON public.sales_data TO ROLE "AWSIDC:amer-sales"',
    ),
    "people's own rows are nobody's": (
        run_sql('DETACH RLS POLICY rowlight_own_rows ON rowlight.alerts FROM ROLE "AWSIDC:exec-global"'),
        'ATTACH RLS POLICY rowlight_own_rows ON rowlight.alerts TO ROLE "AWSIDC:exec-global"',
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_mended(env: dict[str, str], spec: Spec, session: boto3.Session, drift: str) -> None:
    vandalise, change = DRIFTS[drift]
    vandalise(session, env)
    assert apply(spec, session).changes == (change,)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE public.sales_data ROW LEVEL SECURITY OFF",
        "ALTER RLS POLICY amer_region_filter USING (timezone LIKE '%')",
        "ALTER RLS POLICY rowlight_own_rows USING (owner LIKE '%')",
        "ALTER TABLE rowlight.saved_views ROW LEVEL SECURITY OFF",
        "ALTER TABLE public.sales_data ROW LEVEL SECURITY ON CONJUNCTION TYPE AND",
    ],
)
def test_row_level_security_is_turned_on_again(
    env: dict[str, str], spec: Spec, session: boto3.Session, sql: str
) -> None:
    client = session.client("redshift-data")
    rules = (
        "SELECT is_rls_on, rls_conjunction_type, polqual FROM svv_rls_attached_policy"
        " JOIN svv_rls_policy USING (polname) WHERE polname IN ('amer_region_filter', 'rowlight_own_rows')"
        " ORDER BY relname, polname, grantee"
    )
    before = outside.rows(client, env, rules, SecretArn=env["ADMIN_SECRET_ARN"])
    run_sql(sql)(session, env)
    assert outside.rows(client, env, rules, SecretArn=env["ADMIN_SECRET_ARN"]) != before
    apply(spec, session)
    assert outside.rows(client, env, rules, SecretArn=env["ADMIN_SECRET_ARN"]) == before


def test_the_account_has_the_policies_as_written(spec: Spec, session: boto3.Session) -> None:
    iam = session.client("iam")
    trust = iam.get_role(RoleName=spec.bridge_role)["Role"]["AssumeRolePolicyDocument"]
    assert policies.same(trust, policies.bridge_trust(spec))


def test_a_group_that_is_not_there_is_named(spec: Spec, session: boto3.Session) -> None:
    with pytest.raises(ProvisioningError, match="moon-sales"):
        apply(replace(spec, groups=(Group(name="moon-sales", all_rows=True),)), session)


def test_an_issuer_cannot_be_exchanged_for_another(spec: Spec, session: boto3.Session) -> None:
    with pytest.raises(ProvisioningError, match="another issuer"):
        apply(replace(spec, issuer="https://example.com"), session)
    session.client("iam").delete_open_id_connect_provider(
        OpenIDConnectProviderArn="arn:aws:iam::123456789012:oidc-provider/example.com"
    )
    apply(spec, session)


def arguments(spec: Spec, **changes: str) -> list[str]:
    given = {"--issuer": spec.issuer, "--client-id": spec.client_id, "--data-bucket": spec.data_bucket}
    return ["apply", *(text for pair in {**given, **changes}.items() for text in pair)]


def test_the_command_prints_the_apps_settings(
    env: dict[str, str], spec: Spec, session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(spec)) == 0
    printed = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert printed["IDC_APPLICATION_ARN"] == env["IDC_APPLICATION_ARN"]
    assert printed.items() <= env.items()
    assert not any("SECRET" in name for name in printed)


def test_a_wrong_name_is_one_line_and_status_2(
    spec: Spec, session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(spec, **{"--data-prefix": "x'; DROP"})) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("data_prefix is ")
    assert told.err.count("\n") == 1


def test_refused_credentials_are_one_line_and_status_1(
    spec: Spec,
    session: boto3.Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    assert main(arguments(spec)) == 1
    told = capsys.readouterr().err
    assert "GetCallerIdentity" in told
    assert "not-the-secret" not in told
    assert told.count("\n") == 1


def test_missing_credentials_are_one_line_and_status_1(
    spec: Spec,
    session: boto3.Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(arguments(spec)) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("wrong", [[], ["abolish"], ["apply", "--issuer"]])
def test_what_is_not_asked_rightly_is_status_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2


def test_what_is_missing_is_named_and_status_2(
    session: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", "--issuer", "https://example.com"]) == 2
    assert "--client-id is missing" in capsys.readouterr().err
