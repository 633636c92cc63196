"""RLD-40x to RLD-42x: Redshift as AWS shows it."""

from infra.provision.doctor.fault import Fault

NO_REDSHIFT_APPLICATION = Fault(
    code="RLD-401",
    title="Redshift is not connected with IAM Identity Center",
    why="Without Redshift's own application there, no warehouse can know people by their identity context.",
    cure="`python -m infra.provision apply`, or console: Amazon Redshift, IAM Identity Center connections,"
    " Create application.",
    shows=("RL-410",),
)
OTHER_NAMESPACE = Fault(
    code="RLD-402",
    title="Redshift's application has another namespace than the roles of groups",
    why="People and groups arrive as namespace:name; roles that begin otherwise are nobody's.",
    cure="`aws redshift modify-redshift-idc-application --redshift-idc-application-arn {arn}"
    " --identity-namespace {wanted}`",
    shows=("RL-410", "RL-412"),
)
ROLE_MISSING = Fault(
    code="RLD-403",
    title="The role of Redshift's application is not there",
    why="Redshift looks up IAM Identity Center with it.",
    cure="`python -m infra.provision apply`, or `aws redshift modify-redshift-idc-application"
    " --redshift-idc-application-arn {arn} --iam-role-arn <a role that Redshift may assume>`",
)
ROLE_NOT_TRUSTING = Fault(
    code="RLD-404",
    title="The role of Redshift's application does not trust Redshift",
    why="Redshift has to assume it, and to bring people's contexts along (sts:SetContext).",
    cure="`python -m infra.provision apply`, or `aws iam update-assume-role-policy --role-name {role}"
    " --policy-document '{trust}'`",
)
ROLE_CANNOT_LOOK = Fault(
    code="RLD-405",
    title="The role of Redshift's application may not look up IAM Identity Center",
    why="It needs sso:DescribeApplication and sso:DescribeInstance.",
    cure="`python -m infra.provision apply`, or `aws iam put-role-policy --role-name {role} --policy-name"
    " {role}Permissions --policy-document '{policy}'`",
)
NOT_ASSOCIATED = Fault(
    code="RLD-406",
    title="The warehouse is not associated with Redshift's application",
    why="The application exists, and this warehouse does not use it: to it, nobody has an identity.",
    cure="As the warehouse's admin: `CREATE IDENTITY PROVIDER \"{name}\" TYPE AWSIDC NAMESPACE '{namespace}'"
    " APPLICATION_ARN '{arn}' IAM_ROLE '{role}';`, or `python -m infra.provision apply`",
    shows=("RL-420",),
)
ASSOCIATION_DISABLED = Fault(
    code="RLD-407",
    title="The warehouse's identity provider is disabled",
    why="People of IAM Identity Center cannot connect until it is enabled again.",
    cure='As the warehouse\'s admin: `ALTER IDENTITY PROVIDER "{name}" ENABLE;`',
    shows=("RL-420",),
)
ASSOCIATED_OTHERWISE = Fault(
    code="RLD-408",
    title="The warehouse's identity provider has another namespace than the roles of groups",
    why="People and groups arrive as namespace:name; roles that begin otherwise are nobody's.",
    cure="As the warehouse's admin: `ALTER IDENTITY PROVIDER \"{name}\" NAMESPACE '{namespace}';`",
    shows=("RL-410", "RL-412"),
)
NO_WAREHOUSE = Fault(
    code="RLD-410",
    title="The warehouse is not there",
    why="The app asks for it by name, in AWS_REGION and in the account of its roles.",
    cure="Correct {setting} (`{list}` shows what there is), or `python -m infra.provision apply`.",
    shows=("RL-421",),
)
NOT_AVAILABLE = Fault(
    code="RLD-411",
    title="The warehouse is not available",
    why="It answers no statements until it is.",
    cure="Wait, and look again: `{look}`; it must say available. A paused cluster: `aws redshift"
    " resume-cluster --cluster-identifier {name}`.",
    shows=("RL-423",),
)
PUBLIC = Fault(
    code="RLD-412",
    title="The warehouse is publicly accessible",
    why="Its address answers the internet; new warehouses are closed by default since January 2025, and the"
    " app needs no such address.",
    cure="`{close}`",
    severity="warning",
)
NOT_ENCRYPTED = Fault(
    code="RLD-413",
    title="The cluster is not encrypted at rest",
    why="New clusters are by default since January 2025.",
    cure="`aws redshift modify-cluster --cluster-identifier {name} --encrypted` (AWS moves the data; the"
    " cluster is read-only for a while)",
    severity="warning",
)
SSL_NOT_REQUIRED = Fault(
    code="RLD-414",
    title="The warehouse accepts connections without TLS",
    why="`require_ssl` is true by default for new warehouses since January 2025.",
    cure="`{require}`",
    severity="warning",
)
ROUTED_OUTSIDE = Fault(
    code="RLD-415",
    title="Enhanced VPC routing is off",
    why="COPY and UNLOAD then leave the VPC, past its endpoint policies and flow logs.",
    cure="`{route}` (first see that the VPC reaches S3, by an endpoint or a NAT gateway)",
    severity="warning",
)
NO_DATABASE = Fault(
    code="RLD-416",
    title="The database is not in the warehouse",
    why="Every statement names REDSHIFT_DATABASE.",
    cure="Correct REDSHIFT_DATABASE (the warehouse was made with {made}), or as its admin: `CREATE DATABASE"
    " {database};`",
    shows=("RL-424",),
)
QUOTA_NEARLY_USED = Fault(
    code="RLD-420",
    title="A quota is nearly used up",
    why="What comes next of its kind is refused.",
    cure="`aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code}"
    " --desired-value {more}`",
    severity="warning",
)
NO_LONG_POLLING = Fault(
    code="RLD-421",
    title="The Data API of this region does not know long polling",
    why="The app then asks again and again for each result: it works, slower, and uses more of the quotas.",
    cure="Nothing to do in Rowlight: it polls by itself. Where it matters, ask AWS when WaitTimeSeconds"
    " reaches {region}.",
    severity="warning",
)
