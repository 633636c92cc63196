"""RLD-2xx: IAM's identity provider, the roles, who trusts whom, and who may do what."""

from infra.provision.doctor.fault import Fault

_TRUST = "`aws iam update-assume-role-policy --role-name {role} --policy-document '{document}'`"
_ALLOW = "`aws iam put-role-policy --role-name {role} --policy-name {policy} --policy-document '{document}'`"
_APPLY = " `python -m infra.provision apply` does the same."

NO_PROVIDER = Fault(
    code="RLD-201",
    title="IAM does not know the identity provider",
    why="STS takes ID tokens only of issuers that the account has registered.",
    cure="`aws iam create-open-id-connect-provider --url {issuer} --client-id-list {client}`; in the"
    " console: IAM, Identity providers, Add provider, OpenID Connect." + _APPLY,
    shows=("RL-321",),
)
PROVIDER_MISSPELLED = Fault(
    code="RLD-202",
    title="IAM knows the identity provider by another spelling of its address",
    why="STS compares the token's issuer letter by letter, a slash at its end too.",
    cure="`aws iam create-open-id-connect-provider --url {issuer} --client-id-list {client}`, then"
    " delete the other once nothing uses it: `aws iam delete-open-id-connect-provider"
    " --open-id-connect-provider-arn {other}`.",
    shows=("RL-321",),
)
NO_AUDIENCE = Fault(
    code="RLD-203",
    title="IAM's identity provider does not have the app's client among its audiences",
    why="STS refuses tokens that were issued for a client that is not on the list.",
    cure="`aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {provider}"
    " --client-id {client}`; in the console: IAM, Identity providers, Audiences, Add audience.",
    fixable=True,
    shows=("RL-321",),
)
THUMBPRINT = Fault(
    code="RLD-204",
    title="IAM does not know the certificate of the provider's private authority",
    why="AWS checks the certificate of the keys' address with its own list of public authorities;"
    " for one that is not on it, and only then, with the thumbprints of IAM's identity provider.",
    cure="`aws iam update-open-id-connect-provider-thumbprint --open-id-connect-provider-arn {provider}"
    " --thumbprint-list {thumbprint}`, after you compared it with the authority's own certificate"
    " (`openssl x509 -fingerprint -sha1 -noout`); or give {host} a certificate of a public authority.",
    shows=("RL-321", "RL-322"),
)
NO_BRIDGE_ROLE = Fault(
    code="RLD-210",
    title="There is no bridge role",
    why="The app exchanges ID tokens as this role: without it nobody gets to the warehouse.",
    cure="`aws iam create-role --role-name {role} --assume-role-policy-document '{document}'`, or correct"
    " BRIDGE_ROLE_ARN." + _APPLY,
    shows=("RL-320", "RL-324"),
)
BRIDGE_TRUSTS_ANOTHER = Fault(
    code="RLD-211",
    title="The bridge role does not trust the identity provider",
    why="STS opens the role only to tokens of the provider that its trust policy names.",
    cure=_TRUST + _APPLY,
    shows=("RL-324",),
)
BRIDGE_ACTION = Fault(
    code="RLD-212",
    title="The bridge role's trust policy does not allow sts:AssumeRoleWithWebIdentity",
    why="It names the provider, and allows another action than the one that the app asks for.",
    cure=_TRUST + _APPLY,
    shows=("RL-324",),
)
NO_AUDIENCE_CONDITION = Fault(
    code="RLD-213",
    title="A role trusts every client of the identity provider",
    why="Its trust policy has no condition on the audience, so a token of any other app of this"
    " provider opens the role.",
    cure=_TRUST + _APPLY,
)
AUDIENCE_DIFFERS = Fault(
    code="RLD-214",
    title="A role trusts another client of the identity provider",
    why="The condition on the audience in its trust policy names another client id than OIDC_CLIENT_ID.",
    cure=_TRUST + _APPLY,
    shows=("RL-324",),
)
SUBJECTS_DIFFER = Fault(
    code="RLD-215",
    title="A role is not kept to the subjects that rowlight.toml names",
    why="Its trust policy opens it to others than these, or not to all of them.",
    cure="`python -m infra.provision apply`: it writes the condition on {key}.",
)
MAY_NOT_EXCHANGE = Fault(
    code="RLD-220",
    title="The role that signs may not exchange tokens at the application",
    why="IAM Identity Center asks for sso-oauth:CreateTokenWithIAM on exactly this application.",
    cure=_ALLOW + _APPLY,
    shows=("RL-311",),
)
MAY_NOT_ASSUME = Fault(
    code="RLD-221",
    title="The role that signs may not take the data role",
    why="The last of the three steps is sts:AssumeRole on the data role.",
    cure=_ALLOW + _APPLY,
    shows=("RL-325",),
)
MAY_NOT_SET_CONTEXT = Fault(
    code="RLD-222",
    title="The role that signs may not set an identity context",
    why="The person travels in the context: without sts:SetContext on the data role, AssumeRole is refused.",
    cure=_ALLOW + _APPLY,
    shows=("RL-325",),
)
DENIED = Fault(
    code="RLD-223",
    title="A policy of the role denies what the app needs",
    why="An explicit deny wins over whatever else allows it.",
    cure='Take {action} on {resource} out of the statement with "Effect": "Deny" among the policies'
    " of {role}: `aws iam list-role-policies --role-name {role}`, `aws iam"
    " list-attached-role-policies --role-name {role}`.",
    shows=("RL-311", "RL-325", "RL-411"),
)
BOUNDED = Fault(
    code="RLD-224",
    title="The role's permissions boundary does not let through what the app needs",
    why="A boundary narrows whatever the role's own policies allow.",
    cure="Allow {action} on {resource} in the boundary {boundary} as well, or take it away:"
    " `aws iam delete-role-permissions-boundary --role-name {role}`.",
    shows=("RL-311", "RL-325", "RL-411"),
)
NO_DATA_ROLE = Fault(
    code="RLD-230",
    title="There is no data role",
    why="People query the warehouse in sessions of this role.",
    cure="`aws iam create-role --role-name {role} --assume-role-policy-document '{document}'`, or correct"
    " DATA_ROLE_ARN." + _APPLY,
    shows=("RL-325",),
)
DATA_TRUSTS_ANOTHER = Fault(
    code="RLD-231",
    title="The data role does not trust the role that signs",
    why="STS gives out the data role only to whom its trust policy names.",
    cure=_TRUST + _APPLY,
    shows=("RL-325",),
)
DATA_NO_SET_CONTEXT = Fault(
    code="RLD-232",
    title="The data role's trust policy does not allow sts:SetContext",
    why="It lets the role be taken, but not with an identity context, which is how the app takes it.",
    cure=_TRUST + " (with --fix, the action is added to the statement that is there)." + _APPLY,
    fixable=True,
    shows=("RL-325",),
)
GONE_PRINCIPAL = Fault(
    code="RLD-233",
    title="A trust policy names a role that was deleted",
    why="IAM keeps the deleted role's id in place of its ARN; a new role of the same name is another one.",
    cure=_TRUST + _APPLY,
    shows=("RL-325",),
)
NO_HOST_ROLE = Fault(
    code="RLD-234",
    title="There is no host role",
    why="BRIDGE_ROLE_ARN is empty, so the role that the app's host runs under signs the exchange.",
    cure="Make {role} together with the app's host (a task role, an instance profile), then"
    " `python -m infra.provision apply`; or set BRIDGE_ROLE_ARN to the bridge role.",
    shows=("RL-319", "RL-328"),
)
MAY_NOT_QUERY = Fault(
    code="RLD-235",
    title="The data role may not run statements on the warehouse",
    why="Each query of a page is redshift-data:ExecuteStatement on the workgroup or cluster.",
    cure=_ALLOW + _APPLY,
    shows=("RL-411",),
)
MAY_NOT_READ = Fault(
    code="RLD-236",
    title="The data role may not follow its own statements",
    why="Whoever runs a statement must also be able to ask how it goes, read its result, and stop it.",
    cure=_ALLOW + _APPLY,
    shows=("RL-411",),
)
MAY_NOT_GET_TOKEN = Fault(
    code="RLD-237",
    title="The data role may not ask for an identity token of the warehouse",
    why="With QUERY_PATH=driver the app connects with such a token, which carries the person.",
    cure=_ALLOW + _APPLY,
    shows=("RL-414",),
)
ANYBODY = Fault(
    code="RLD-240",
    title="A role can be taken by anybody",
    why="The principal * in a trust policy is every AWS account in the world.",
    cure=_TRUST + " at once, then look in CloudTrail for who took {role}." + _APPLY,
)
WHOLE_ACCOUNT = Fault(
    code="RLD-241",
    title="A role trusts the whole account",
    why="Everybody in the account with sts:AssumeRole can take it, not the app alone.",
    cure=_TRUST + _APPLY,
    severity="warning",
)
OTHER_ACCOUNT_TRUSTED = Fault(
    code="RLD-242",
    title="A role trusts another account",
    why="The app needs no other account; whoever administers that one can take the role.",
    cure=_TRUST + _APPLY,
    severity="warning",
)
TOO_WIDE = Fault(
    code="RLD-243",
    title="A role may do more than the app needs",
    why="Whoever comes by its credentials can use all of it; the app needs one application, one data"
    " role and one warehouse.",
    cure="Narrow {policy} of {role}: `python -m infra.provision plan` shows the policy that"
    " suffices, in full.",
    severity="warning",
)
OTHERS_STATEMENTS = Fault(
    code="RLD-244",
    title="The data role may follow the statements of others",
    why="Without the condition on the statement's owner, IAM does not keep the results of other"
    " callers from it.",
    cure='Add "Condition": {"StringEquals": {"redshift-data:statement-owner-iam-userid":'
    ' "${aws:userid}"}} to the statement in {policy} of {role} that allows'
    " redshift-data:GetStatementResult." + _APPLY,
    severity="warning",
)
WITHOUT_CONTEXT = Fault(
    code="RLD-245",
    title="The data role reaches the database without a person",
    why="A session of the role that carries no identity context gets a database user of its own,"
    " whose rows are not those of a person.",
    cure="Take {action} out of {policy} of {role}: the Data API needs it only without trusted"
    " identity propagation.",
    severity="warning",
)
NO_TAG_SESSION = Fault(
    code="RLD-250",
    title="The data role's trust policy does not allow sts:TagSession",
    why="With PROPAGATION=session_tags the person travels in tags of the token, which STS takes only"
    " with it.",
    cure=_TRUST + _APPLY,
)
ANY_TAGS = Fault(
    code="RLD-252",
    title="The data role takes whatever tags a token brings",
    why="Without a condition on aws:TagKeys a token may set tags that policies elsewhere decide by.",
    cure=_TRUST + _APPLY,
    severity="warning",
)
MAY_NOT_GET_CREDENTIALS = Fault(
    code="RLD-251",
    title="The data role may not get database credentials",
    why="With PROPAGATION=session_tags the Data API connects as the database user that the tags"
    " name, and gets that user's credentials in the name of the role.",
    cure=_ALLOW + _APPLY,
)
