"""AWS's refusals of the steps, by AWS's codes → what a person is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import AppError, ExchangeRefused, NotAssigned, RoleRefused, SessionExpired

_ADMIN = "Give the code below to your administrator, who should check "


@dataclass(frozen=True)
class Refusal:
    """One refusal: an error of the tree, and what it says."""

    error: type[AppError]
    code: str
    message: str
    remedy: str

    def raised(self) -> AppError:
        return self.error(self.message, self.remedy, code=self.code)


@dataclass(frozen=True)
class Refusals:
    """A step's refusals by AWS's codes; one that is not listed is `other`."""

    by_code: Mapping[str, Refusal]
    other: Refusal

    def of(self, code: str, message: str) -> AppError:
        """The error for AWS's code; the message decides only where AWS has one code for two things."""
        refusal = self.by_code.get(code.removesuffix("Exception"), self.other)
        if refusal is _NOT_ASSIGNED and "not authorized to perform" in message:
            refusal = _BRIDGE_MAY_NOT_EXCHANGE
        return refusal.raised()


RUN_OUT = Refusal(SessionExpired, "RL-234", "Your sign-in has run out.", "Sign in again.")
# IAM Identity Center says no more than "access denied" to all of these.
_NOT_ASSIGNED = Refusal(
    NotAssigned,
    "RL-331",
    "You are signed in, but IAM Identity Center does not let you use this app.",
    "Ask your administrator to assign you, or one of your groups, to the application of IDC_APPLICATION_ARN. "
    "If you are assigned: IAM Identity Center needs a user with your email address, and the role of "
    "BRIDGE_ROLE_ARN needs sso-oauth:CreateTokenWithIAM on the application.",
)
_TOKEN_NOT_ACCEPTED = Refusal(
    ExchangeRefused,
    "RL-312",
    "IAM Identity Center does not accept your sign-in.",
    "Sign out, then sign in again. If it happens again, give the code below to your administrator, who "
    "should check that the application of IDC_APPLICATION_ARN trusts a token issuer for OIDC_ISSUER with the "
    "audience OIDC_CLIENT_ID.",
)
_BRIDGE_MAY_NOT_EXCHANGE = Refusal(
    ExchangeRefused,
    "RL-311",
    "This app may not exchange sign-ins at IAM Identity Center.",
    _ADMIN + "that the role of BRIDGE_ROLE_ARN (or, where that is empty, the host's own role) may call "
    "sso-oauth:CreateTokenWithIAM, and that the policy of the application of IDC_APPLICATION_ARN admits it.",
)
_CLIENT = Refusal(
    ExchangeRefused,
    "RL-313",
    "IAM Identity Center does not know this app.",
    _ADMIN + "IDC_APPLICATION_ARN, and that the application is enabled and has an IAM authentication method.",
)
_NO_GRANT = Refusal(
    ExchangeRefused,
    "RL-317",
    "IAM Identity Center does not exchange sign-ins for this app.",
    _ADMIN
    + "that the application of IDC_APPLICATION_ARN has the JWT bearer grant and, for renewal, the refresh "
    "token grant.",
)
_SIGNER_REMEDY = _ADMIN + "BRIDGE_ROLE_ARN and, where that is empty, that the host has a role of its own."
_BUSY_REMEDY = "Try again in a moment. If it goes on, give the code below to your administrator."
_UNREACHABLE = (
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "ProxyConnectionError",
    "SSLError",
)
# Signing credentials that are missing, unknown, wrong or over.
_BAD_SIGNER = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
    "InvalidSignature",
    "IncompleteSignature",
    "MissingAuthenticationToken",
)
_BUSY = ("SlowDown", "Throttling", "RequestLimitExceeded", "ServiceUnavailable")


def _common(error: type[AppError], *, busy: str, signer: str) -> dict[str, Refusal]:
    """What any of the steps may meet."""
    unreachable = Refusal(
        error, busy, "AWS cannot be reached.", _ADMIN + "AWS_REGION and the network between this app and AWS."
    )
    return {
        **dict.fromkeys(_UNREACHABLE, unreachable),
        **dict.fromkeys(_BUSY, Refusal(error, busy, "AWS has no room for your sign-in now.", _BUSY_REMEDY)),
        **dict.fromkeys(
            _BAD_SIGNER,
            Refusal(error, signer, "AWS does not accept this app's own credentials.", _SIGNER_REMEDY),
        ),
        "RegionDisabled": Refusal(
            error,
            busy,
            "AWS does not serve this app's region.",
            _ADMIN + "AWS_REGION: STS is not active there.",
        ),
    }


WEB_IDENTITY = Refusals(
    {
        **_common(RoleRefused, busy="RL-329", signer="RL-328"),
        "ExpiredToken": RUN_OUT,
        "InvalidIdentityToken": Refusal(
            RoleRefused,
            "RL-321",
            "AWS does not accept your sign-in.",
            _ADMIN + "that IAM has an identity provider for OIDC_ISSUER with the audience OIDC_CLIENT_ID.",
        ),
        "IDPCommunicationError": Refusal(
            RoleRefused,
            "RL-322",
            "AWS cannot reach the identity provider.",
            _ADMIN + "that OIDC_ISSUER is public.",
        ),
        "IDPRejectedClaim": Refusal(
            RoleRefused,
            "RL-323",
            "The identity provider withdrew your sign-in.",
            "Sign out, then sign in again.",
        ),
        "AccessDenied": Refusal(
            RoleRefused,
            "RL-324",
            "AWS does not let your sign-in through to this app's data.",
            _ADMIN
            + "that the role of BRIDGE_ROLE_ARN exists and trusts the identity provider of OIDC_ISSUER "
            "for sts:AssumeRoleWithWebIdentity, with conditions that OIDC_CLIENT_ID meets.",
        ),
    },
    Refusal(RoleRefused, "RL-320", "AWS does not hand out the bridge role.", _ADMIN + "BRIDGE_ROLE_ARN."),
)

CONTEXT = Refusals(
    {
        **_common(ExchangeRefused, busy="RL-318", signer="RL-319"),
        "AccessDenied": _NOT_ASSIGNED,
        "InvalidGrant": _TOKEN_NOT_ACCEPTED,
        "InvalidClient": _CLIENT,
        "UnauthorizedClient": _NO_GRANT,
        "InvalidScope": Refusal(
            ExchangeRefused,
            "RL-314",
            "IAM Identity Center does not grant what this app needs.",
            _ADMIN + "the access scopes of the application of IDC_APPLICATION_ARN.",
        ),
        "InvalidRequest": Refusal(
            ExchangeRefused,
            "RL-315",
            "IAM Identity Center cannot use your sign-in.",
            _ADMIN + "that the trusted token issuer for OIDC_ISSUER maps the email address, and that "
            "IDC_APPLICATION_ARN is right.",
        ),
        "InvalidRequestRegion": Refusal(
            ExchangeRefused,
            "RL-316",
            "IAM Identity Center is not in this app's region.",
            _ADMIN + "AWS_REGION: it has to be the region of IAM Identity Center.",
        ),
        "UnsupportedGrantType": _NO_GRANT,
        "ExpiredToken": RUN_OUT,
    },
    Refusal(
        ExchangeRefused,
        "RL-310",
        "IAM Identity Center does not accept your sign-in.",
        _ADMIN + "IDC_APPLICATION_ARN and AWS_REGION.",
    ),
)

# The one step where there is no Identity Center. What is common with the bridge role's has its codes.
TAGGED_ROLE = Refusals(
    {
        **WEB_IDENTITY.by_code,
        "AccessDenied": Refusal(
            RoleRefused,
            "RL-341",
            "AWS does not let your sign-in through to this app's data.",
            _ADMIN
            + "that the role of DATA_ROLE_ARN exists and trusts the identity provider of OIDC_ISSUER for "
            "sts:AssumeRoleWithWebIdentity and for sts:TagSession, with conditions that OIDC_CLIENT_ID and "
            "the tags in your ID token meet.",
        ),
        "InvalidIdentityToken": Refusal(
            RoleRefused,
            "RL-321",
            "AWS does not accept your sign-in.",
            _ADMIN
            + "that IAM has an identity provider for OIDC_ISSUER with the audience OIDC_CLIENT_ID, and that "
            "each tag in the claim https://aws.amazon.com/tags is one text of 256 characters at most.",
        ),
        "PackedPolicyTooLarge": Refusal(
            RoleRefused,
            "RL-342",
            "AWS cannot keep as many roles as your sign-in names.",
            "Ask your administrator to have the tag RedshiftDbRoles name fewer roles, or shorter ones.",
        ),
    },
    Refusal(RoleRefused, "RL-327", "AWS does not hand out the data role.", _ADMIN + "DATA_ROLE_ARN."),
)
UNTAGGED = Refusal(
    ExchangeRefused,
    "RL-343",
    "Your sign-in does not say who you are to Redshift.",
    _ADMIN + "that the identity provider puts the tag RedshiftDbUser, with your email address, into the "
    "claim https://aws.amazon.com/tags of the ID token.",
)
TAGGED_AS_ANOTHER = Refusal(
    ExchangeRefused,
    "RL-344",
    "Your sign-in names somebody else to Redshift.",
    _ADMIN + "that the identity provider makes the tag RedshiftDbUser of your email address, letter by "
    "letter, and that the address can be a role session's name: 64 letters without accents, digits, "
    "_+=,.@-",
)

DATA_ROLE = Refusals(
    {
        **_common(RoleRefused, busy="RL-329", signer="RL-328"),
        "ExpiredToken": RUN_OUT,
        "AccessDenied": Refusal(
            RoleRefused,
            "RL-325",
            "AWS does not let this app act for you.",
            _ADMIN
            + "that the role of DATA_ROLE_ARN exists and trusts the role of BRIDGE_ROLE_ARN (or, where "
            "that is empty, the host's own role) for both sts:AssumeRole and sts:SetContext, and that the "
            "latter's own policy allows both.",
        ),
        "InvalidContextAssertion": Refusal(
            RoleRefused,
            "RL-326",
            "AWS does not accept the proof of who you are.",
            "Sign out, then sign in again. If it happens again, give the code below to your administrator.",
        ),
    },
    Refusal(RoleRefused, "RL-327", "AWS does not hand out the data role.", _ADMIN + "DATA_ROLE_ARN."),
)
