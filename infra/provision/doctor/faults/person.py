"""RLD-5xx: the whole chain, as a test person."""

from infra.provision.doctor.fault import Fault

_ANOTHER = "Sign in anew for another token (`--sign-in`, or a new file for `--id-token-file`)"

NOT_A_TOKEN = Fault(
    code="RLD-501",
    title="What was given is not an ID token",
    why="An ID token is three parts of base64url between dots; an access token may look otherwise.",
    cure="Give the `id_token` of the provider's answer: `--id-token-file PATH`, or `-` for standard input.",
    shows=("RL-211",),
)
TOKEN_EXPIRED = Fault(
    code="RLD-502",
    title="The ID token has expired",
    why="Identity providers' ID tokens live for an hour or less, and AWS takes none after that.",
    cure=f"{_ANOTHER}, and run doctor at once.",
    shows=("RL-230", "RL-321"),
)
OTHER_ISSUER = Fault(
    code="RLD-503",
    title="The ID token comes from another issuer",
    why="The issuer in it is compared with OIDC_ISSUER to the letter, a slash at the end included.",
    cure="Set OIDC_ISSUER to {found}, and the trusted token issuer and IAM's provider with it, or take the"
    " token from {wanted}.",
    shows=("RL-214",),
)
OTHER_AUDIENCE = Fault(
    code="RLD-504",
    title="The ID token is meant for another client",
    why="Its audience must be OIDC_CLIENT_ID: IAM, Identity Center and the app refuse it otherwise.",
    cure="Take the token with the client {wanted}, or set OIDC_CLIENT_ID to {found} and run"
    " `python -m infra.provision apply`.",
    shows=("RL-215", "RL-321"),
)
NO_EMAIL = Fault(
    code="RLD-505",
    title="The ID token has no verified e-mail address",
    why="It is by the address that IAM Identity Center knows the person.",
    cure="Ask for the scope `email` and let the provider put `email` (and `email_verified`) into ID tokens of"
    " the client {client}.",
    shows=("RL-218",),
)
UNKNOWN_PERSON = Fault(
    code="RLD-506",
    title="IAM Identity Center does not know the person's e-mail address",
    why="One user there must have exactly the address of the ID token.",
    cure="Push the person from the identity provider (SCIM), or mend the address: `aws identitystore"
    " list-users --identity-store-id {store}` shows those it has.",
    shows=("RL-331", "RL-312"),
)
NO_TAGS = Fault(
    code="RLD-507",
    title="The ID token does not say who the person is to Redshift",
    why="With PROPAGATION=session_tags it is the tag RedshiftDbUser that carries the person, and it must be"
    " their e-mail address to the letter.",
    cure="Let the provider put the claim `https://aws.amazon.com/tags` into ID tokens of the client {client},"
    " with RedshiftDbUser as the e-mail address (docs/session-tags.md).",
    shows=("RL-343",),
)
NO_ROLES_IN_TAGS = Fault(
    code="RLD-508",
    title="The ID token names no role",
    why="With PROPAGATION=session_tags people's groups are the roles in the tag RedshiftDbRoles: who has none"
    " is let in, and sees nothing.",
    cure="Add {email} to a group at the identity provider; where they are in one, let it put the names of"
    " groups into RedshiftDbRoles of the claim `https://aws.amazon.com/tags` (docs/session-tags.md).",
    severity="warning",
    shows=("RL-410",),
)
WEB_IDENTITY_REFUSED = Fault(
    code="RLD-510",
    title="Step 1: STS does not give the bridge role for the ID token",
    why="IAM's identity provider, its audiences and the role's trust policy decide it.",
    cure="{cure}",
    shows=("RL-320", "RL-321", "RL-324"),
)
TOKEN_USED = Fault(
    code="RLD-511",
    title="Step 2: the ID token was exchanged before",
    why="IAM Identity Center takes each ID token (its `jti`) once.",
    cure=f"{_ANOTHER}: each run of doctor uses one up, and so does each sign-in of the app.",
    shows=("RL-312",),
)
EXCHANGE_DENIED = Fault(
    code="RLD-512",
    title="Step 2: IAM Identity Center denies the exchange",
    why="It says no more: the person is not assigned to the application, or the role that asks is not"
    " admitted by the role's policy or by the application's actor policy.",
    cure="Assign {email} or one of their groups: `aws sso-admin create-application-assignment"
    " --application-arn {arn} --principal-type USER --principal-id {id}`; then the policies of {role}.",
    shows=("RL-311", "RL-331"),
)
EXCHANGE_REFUSED = Fault(
    code="RLD-513",
    title="Step 2: IAM Identity Center refuses the exchange",
    why="The application, its grant, its audience or its token issuer do not take this token.",
    cure="{cure}",
    shows=("RL-310", "RL-312", "RL-313", "RL-317"),
)
CONTEXT_REFUSED = Fault(
    code="RLD-514",
    title="Step 3: STS does not give the data role with the identity context",
    why="The data role's trust and the exchanging role's policy must both allow sts:AssumeRole and"
    " sts:SetContext.",
    cure="`python -m infra.provision apply` writes both; AWS said: {said}",
    shows=("RL-325", "RL-326", "RL-327"),
)
STATEMENT_REFUSED = Fault(
    code="RLD-515",
    title="Step 4: the Data API does not run the person's statement",
    why="The data role's policy must allow redshift-data:ExecuteStatement on the warehouse, and the following"
    " of one's own statements.",
    cure="`python -m infra.provision apply` writes the policy of {role}; AWS said: {said}",
    shows=("RL-411",),
)
NOT_CONNECTED = Fault(
    code="RLD-516",
    title="Step 4: the warehouse does not let the person in",
    why="The warehouse's association with IAM Identity Center, the scope redshift:connect, or the person's"
    " assignment to Redshift's application.",
    cure="Assign one of their groups to Redshift's application, and see that SVV_IDENTITY_PROVIDERS has the"
    " warehouse's connection; Redshift said: {said}",
    shows=("RL-410", "RL-411", "RL-413", "RL-420"),
)
OTHER_USER = Fault(
    code="RLD-517",
    title="The warehouse takes the person for somebody else",
    why="current_user must be namespace:address of the ID token.",
    cure="Look whose credentials reach the Data API: it must be the session of step 3 that signs.",
)
IN_NO_GROUP = Fault(
    code="RLD-518",
    title="The person is in no group",
    why="Rights come with groups: who is in none is let in, and sees nothing.",
    cure="Add {email} to a group at the identity provider, and wait until it is pushed; for now: `aws"
    " identitystore create-group-membership --identity-store-id {store} --group-id <group>"
    " --member-id UserId={id}`.",
    severity="warning",
    shows=("RL-410",),
)
NO_ROLE_HERE = Fault(
    code="RLD-519",
    title="The person is in groups, and has the role of none",
    why="A role must be named namespace:group to the letter.",
    cure='As the warehouse\'s admin, for one of their groups: `CREATE ROLE "{wanted}";`, with its grants and'
    " its policy, or `python -m infra.provision apply`.",
    shows=("RL-410",),
)
SEES_NO_TABLE = Fault(
    code="RLD-520",
    title="The person may not read the table",
    why="None of their roles has SELECT on it, which is right for who should see no sales.",
    cure='Where they should: as the warehouse\'s admin, `GRANT USAGE ON SCHEMA {schema} TO ROLE "{role}";'
    ' GRANT SELECT ON {table} TO ROLE "{role}";`, and a policy.',
    severity="warning",
    shows=("RL-410",),
)
SEES_NO_ROWS = Fault(
    code="RLD-521",
    title="The person sees no rows",
    why="No policy of their roles lets a row of the table through; under the conjunction AND, several may let"
    " none through together.",
    cure="`python -m infra.provision test-policies` measures who sees what; as the warehouse's admin:"
    ' `ATTACH RLS POLICY <policy> ON {table} TO ROLE "{role}";`',
    shows=("RL-412",),
)
SIGN_IN_FAILED = Fault(
    code="RLD-525",
    title="The test person's sign-in did not end in an ID token",
    why="The provider answered otherwise, or nobody did.",
    cure="Register {redirect_uri} for the client at the provider, let nothing else listen on its port here,"
    " and sign in within five minutes; or take an ID token elsewhere and give it by `--id-token-file`.",
    shows=("RL-222", "RL-225", "RL-226"),
)
