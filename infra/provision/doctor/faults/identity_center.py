"""RLD-3xx: IAM Identity Center."""

from infra.provision.doctor.fault import Fault

NO_INSTANCE = Fault(
    code="RLD-301",
    title="IAM Identity Center has no instance in this region",
    why="The token service and Redshift look for the instance in AWS_REGION, and find none.",
    cure="Set AWS_REGION to the region of the instance, where Redshift must be too. Without one: console,"
    " IAM Identity Center, region {region}, Enable.",
    shows=("RL-313", "RL-316"),
)
INSTANCE_NOT_ACTIVE = Fault(
    code="RLD-302",
    title="The instance of IAM Identity Center is not active",
    why="An instance that is being made, or failed, exchanges no tokens.",
    cure="Look at it until it says ACTIVE: `aws sso-admin list-instances --region {region}`; where it failed,"
    " the reason stands there (StatusReason).",
)
OTHER_OWNER = Fault(
    code="RLD-303",
    title="The instance belongs to another account",
    why="Only the owner's account, or its delegated administrator, changes assignments and token issuers: an"
    " `apply` from here may be refused.",
    cure='Say whose it is in rowlight.toml (identity_center.owner = "{owner}"), and have account {owner}'
    " delegate: `aws organizations register-delegated-administrator --account-id {account}"
    " --service-principal sso.amazonaws.com`.",
    severity="warning",
)
NO_TOKEN_ISSUER = Fault(
    code="RLD-310",
    title="IAM Identity Center trusts no such token issuer",
    why="It compares the token's issuer with the trusted one letter by letter, a slash at the end included.",
    cure="`python -m infra.provision apply`, or `aws sso-admin create-trusted-token-issuer --instance-arn"
    " {instance} --name {name} --trusted-token-issuer-type OIDC_JWT --trusted-token-issuer-configuration"
    ' \'{"OidcJwtConfiguration": {"IssuerUrl": "{issuer}", "ClaimAttributePath": "email",'
    ' "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY"}}\'`.'
    " AWS cannot change the URL of one that is there.",
    shows=("RL-312",),
)
WRONG_MAPPING = Fault(
    code="RLD-311",
    title="The trusted token issuer matches people by something else than their e-mail address",
    why="The claim `email` must be looked up as `emails.value`, or nobody, or somebody else, is found.",
    cure="`aws sso-admin update-trusted-token-issuer --trusted-token-issuer-arn {arn}"
    ' --trusted-token-issuer-configuration \'{"OidcJwtConfiguration": {"ClaimAttributePath": "email",'
    ' "IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY"}}\'`',
    fixable=True,
    shows=("RL-312", "RL-315"),
)
NO_APPLICATION = Fault(
    code="RLD-320",
    title="The application is not in IAM Identity Center",
    why="Tokens are exchanged at IDC_APPLICATION_ARN, and there is no such application.",
    cure="`python -m infra.provision apply` makes it and prints its ARN; set IDC_APPLICATION_ARN to that.",
    shows=("RL-313",),
)
APPLICATION_DISABLED = Fault(
    code="RLD-321",
    title="The application is disabled",
    why="A disabled application exchanges no tokens.",
    cure="`aws sso-admin update-application --application-arn {arn} --status ENABLED`",
    shows=("RL-313",),
)
NO_JWT_GRANT = Fault(
    code="RLD-322",
    title="The application has no jwt-bearer grant",
    why="It is the grant by which an ID token becomes an identity context.",
    cure="`aws sso-admin put-application-grant --application-arn {arn} --grant-type"
    " urn:ietf:params:oauth:grant-type:jwt-bearer --grant '{grant}'`",
    fixable=True,
    shows=("RL-317",),
)
GRANT_OF_OTHERS = Fault(
    code="RLD-323",
    title="The application's jwt-bearer grant is for other token issuers",
    why="The application takes the tokens of the issuers that its grant lists, and yours is not among them.",
    cure="`aws sso-admin put-application-grant --application-arn {arn} --grant-type"
    " urn:ietf:params:oauth:grant-type:jwt-bearer --grant '{grant}'`",
    fixable=True,
    shows=("RL-312",),
)
WRONG_AUDIENCE = Fault(
    code="RLD-324",
    title="The application's jwt-bearer grant is for other audiences",
    why="An ID token's audience is the app's client id, and the grant does not list it.",
    cure="`aws sso-admin put-application-grant --application-arn {arn} --grant-type"
    " urn:ietf:params:oauth:grant-type:jwt-bearer --grant '{grant}'`",
    fixable=True,
    shows=("RL-312",),
)
NO_REFRESH_GRANT = Fault(
    code="RLD-325",
    title="The application has no refresh_token grant",
    why="Without it, people sign in again whenever their identity context ends, about once an hour.",
    cure="`aws sso-admin put-application-grant --application-arn {arn} --grant-type refresh_token"
    " --grant '{\"RefreshToken\": {}}'`",
    severity="warning",
    fixable=True,
    shows=("RL-317", "RL-234"),
)
ACTOR_MISSING = Fault(
    code="RLD-326",
    title="The application does not admit the role that exchanges tokens",
    why="The actor policy of its authentication method lists who may call CreateTokenWithIAM.",
    cure="`aws sso-admin put-application-authentication-method --application-arn {arn}"
    " --authentication-method-type IAM --authentication-method '{method}'`",
    shows=("RL-311",),
)
DATA_API_NOT_ADMITTED = Fault(
    code="RLD-327",
    title="The application does not admit the Data API",
    why="The Data API exchanges, looks at and revokes the tokens of people whose statements it runs.",
    cure="`aws sso-admin put-application-authentication-method --application-arn {arn}"
    " --authentication-method-type IAM --authentication-method '{method}'`",
    shows=("RL-411",),
)
NO_SCOPE = Fault(
    code="RLD-328",
    title="The application lacks the access scope redshift:connect",
    why="An identity context without it opens no warehouse.",
    cure="`aws sso-admin put-application-access-scope --application-arn {arn} --scope redshift:connect"
    " --authorized-targets {target}`",
    fixable=True,
    shows=("RL-314",),
)
WRONG_TARGET = Fault(
    code="RLD-329",
    title="The scope redshift:connect does not reach Redshift's application",
    why="Its targets must have the managed application by which Redshift is known to IAM Identity Center.",
    cure="`aws sso-admin put-application-access-scope --application-arn {arn} --scope redshift:connect"
    " --authorized-targets {target}`",
    fixable=True,
    shows=("RL-314", "RL-410"),
)
NOBODY_ASSIGNED = Fault(
    code="RLD-330",
    title="The application wants assignments, and nobody is assigned",
    why='Everybody is refused, with no word but "access denied".',
    cure="`aws sso-admin create-application-assignment --application-arn {arn} --principal-type GROUP"
    " --principal-id {group}` for each group, or `aws sso-admin put-application-assignment-configuration"
    " --application-arn {arn} --no-assignment-required`",
    shows=("RL-331",),
)
GROUP_NOT_ASSIGNED = Fault(
    code="RLD-331",
    title="A group is not assigned to the application",
    why="The application wants assignments, so the group's people cannot exchange their tokens.",
    cure="`aws sso-admin create-application-assignment --application-arn {arn} --principal-type GROUP"
    " --principal-id {id}`",
    shows=("RL-331",),
)
GROUP_MISSING = Fault(
    code="RLD-332",
    title="A group is not in IAM Identity Center",
    why="Identity Center's groups are what Redshift gives roles by; names must be the same to the letter.",
    cure="Push the group {group} from the identity provider (SCIM), or correct its name in rowlight.toml.",
    shows=("RL-412",),
)
GROUP_CANNOT_CONNECT = Fault(
    code="RLD-333",
    title="A group is not assigned to Redshift's application",
    why="Redshift lets in whoever is assigned to its own application in IAM Identity Center.",
    cure="`aws sso-admin create-application-assignment --application-arn {arn} --principal-type GROUP"
    " --principal-id {id}`",
    fixable=True,
    shows=("RL-411",),
)
