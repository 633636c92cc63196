"""Faults of IAM Identity Center, and of the groups that may use its applications."""

from collections.abc import Callable
from typing import Any

from infra.provision.specification import access
from tests.infra.provision.doctor.account import JWT_BEARER, Account, case, conditions

MISSPELT = access.Group(name="Exec-Global", all_rows=True)
BRIDGE = "arn:aws:iam::123456789012:role/IDCBridgeRole"


def sso(operation: str, **more: Any) -> Callable[[Account], None]:
    """A call of sso-admin on the app's application."""

    def breaks(account: Account) -> None:
        getattr(account.aws("sso-admin"), operation)(**account.application, **more)

    return breaks


def no_token_issuer(account: Account) -> None:
    """The issuer is there with a slash at its end, which AWS could not change."""
    own = account.aws("sso-admin")
    arn = account.token_issuer_arn
    instance = {"InstanceArn": account.env["IDC_INSTANCE_ARN"]}
    own.delete_application_grant(**account.application, GrantType=JWT_BEARER)
    own.delete_trusted_token_issuer(TrustedTokenIssuerArn=arn)
    configuration = {
        "IssuerUrl": account.env["OIDC_ISSUER"] + "/",
        "ClaimAttributePath": "email",
        "IdentityStoreAttributePath": "emails.value",
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
    made = own.create_trusted_token_issuer(
        **instance,
        Name="slashed",
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": configuration},
    )
    account.grant_jwt(made["TrustedTokenIssuerArn"], account.env["OIDC_CLIENT_ID"])


def other_mapping(account: Account) -> None:
    mapping = {"ClaimAttributePath": "sub", "IdentityStoreAttributePath": "userName"}
    account.aws("sso-admin").update_trusted_token_issuer(
        TrustedTokenIssuerArn=account.token_issuer_arn,
        TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": mapping},
    )


def no_application(account: Account) -> None:
    arn = account.env["IDC_APPLICATION_ARN"]
    account.world.env["IDC_APPLICATION_ARN"] = arn[:-4] + "none"


def other_issuer_granted(account: Account) -> None:
    configuration = {
        "IssuerUrl": "https://elsewhere.example.com",
        "ClaimAttributePath": "email",
        "IdentityStoreAttributePath": "emails.value",
        "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
    }
    made = account.aws("sso-admin").create_trusted_token_issuer(
        InstanceArn=account.env["IDC_INSTANCE_ARN"],
        Name="elsewhere",
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": configuration},
    )
    account.grant_jwt(made["TrustedTokenIssuerArn"], account.env["OIDC_CLIENT_ID"])


def other_actor(account: Account) -> None:
    kept = [each for each in account.known_actors() if "Service" in each["Principal"]]
    other = {"AWS": BRIDGE.replace("IDCBridgeRole", "RedshiftDataAPIClientRole")}
    allow = {"Effect": "Allow", "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}
    account.actors({**allow, "Principal": other}, *kept)


def no_data_api(account: Account) -> None:
    account.actors(*(each for each in account.known_actors() if "Service" not in each["Principal"]))


def target_of_itself(account: Account) -> None:
    account.aws("sso-admin").put_application_access_scope(
        **account.application,
        Scope="redshift:connect",
        AuthorizedTargets=[account.env["IDC_APPLICATION_ARN"]],
    )


def assigned_but(left_out: str) -> Callable[[Account], None]:
    """The application wants assignments, and every group but one has one; "*" leaves out all."""

    def breaks(account: Account) -> None:
        own = account.aws("sso-admin")
        own.put_application_assignment_configuration(**account.application, AssignmentRequired=True)
        for group in ("amer-sales", "emea-sales", "apac-sales", "exec-global", "analytics-admins"):
            if left_out not in (group, "*"):
                own.create_application_assignment(
                    **account.application, PrincipalType="GROUP", PrincipalId=account.group(group)
                )

    return breaks


def group_cannot_connect(account: Account) -> None:
    account.aws("sso-admin").delete_application_assignment(
        **account.managed, PrincipalType="GROUP", PrincipalId=account.group("amer-sales")
    )


CASES = (
    case(
        "RLD-301",
        "none in the region",
        conditions(instance_status="none"),
        "IAM Identity Center, region us-east-1, Enable",
    ),
    case("RLD-302", "being made", conditions(instance_status="CREATE_IN_PROGRESS"), "list-instances"),
    case("RLD-303", "another's", conditions(instance_owner="210987654321"), 'owner = "210987654321"'),
    case("RLD-310", "a slash", no_token_issuer, '"IssuerUrl": "http://localhost:'),
    case("RLD-311", "by subject", other_mapping, '"emails.value"', cures=True, fixable=True),
    case("RLD-320", "another's ARN", no_application, "set IDC_APPLICATION_ARN"),
    case("RLD-321", "disabled", sso("update_application", Status="DISABLED"), "--status ENABLED", cures=True),
    case(
        "RLD-322",
        "taken away",
        sso("delete_application_grant", GrantType=JWT_BEARER),
        '"AuthorizedAudiences": ["rowlight-demo"]',
        cures=True,
        fixable=True,
    ),
    case(
        "RLD-323",
        "another issuer",
        other_issuer_granted,
        '"TrustedTokenIssuerArn": "arn:aws:sso::',
        cures=True,
        fixable=True,
    ),
    case(
        "RLD-324",
        "another app",
        lambda account: account.grant_jwt(account.token_issuer_arn, "another-app"),
        '"AuthorizedAudiences": ["another-app", "rowlight-demo"]',
        cures=True,
        fixable=True,
    ),
    case(
        "RLD-325",
        "taken away",
        sso("delete_application_grant", GrantType="refresh_token"),
        '{"RefreshToken": {}}',
        cures=True,
        fixable=True,
    ),
    case("RLD-326", "another role", other_actor, f'"AWS": "{BRIDGE}"', cures=True),
    case("RLD-327", "roles alone", no_data_api, '"Service": "redshift-data.amazonaws.com"', cures=True),
    case(
        "RLD-328",
        "taken away",
        sso("delete_application_access_scope", Scope="redshift:connect"),
        "--scope redshift:connect",
        cures=True,
        fixable=True,
    ),
    case(
        "RLD-329",
        "itself",
        target_of_itself,
        "--authorized-targets arn:aws:sso::123456789012:application/",
        cures=True,
        fixable=True,
    ),
    case("RLD-330", "nobody", assigned_but("*"), "create-application-assignment", "--no-assignment-required"),
    case("RLD-331", "one left out", assigned_but("amer-sales"), "--principal-type GROUP", cures=True),
    case(
        "RLD-332",
        "another spelling",
        lambda account: account.specify(
            groups=(*access.GROUPS, access.Group(name="Exec-Global", all_rows=True))
        ),
        "Exec-Global",
    ),
    case("RLD-333", "one left out", group_cannot_connect, "--principal-type GROUP", cures=True, fixable=True),
)
