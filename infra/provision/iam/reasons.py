"""Why each statement of the policies is there, in one sentence or two, by its name (Sid)."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "PeopleOfThisApp": (
        "Whoever holds an ID token that the provider issued for this app may take the role. Tokens of the"
        " provider's other apps do not count, nor anybody else's where subjects are listed; with session"
        " tags, the tag RedshiftDbUser must be the token's own e-mail address and the session's name, so"
        " that nobody is another person, an administrator or a role to the warehouse."
    ),
    "TagsOfThePerson": (
        "The token's tags name the database user and roles, and nothing else may be tagged: other tags"
        " could open what other policies of the account allow by tag. None of Redshift's own roles is named."
    ),
    "ExchangeTokens": (
        "The app exchanges a person's ID token for their identity context, at this application alone."
    ),
    "TakeDataRole": "The app takes the data role for the person whose context it holds, and no other role.",
    "BringIdentityContext": "The context is one of IAM Identity Center's; no other provider's is passed on.",
    "Exchanger": "Whoever exchanges the tokens, alone, takes the data role and brings a context along.",
    "RunStatements": (
        "People's SQL runs in the one warehouse; a batch is the same right for several statements. With"
        " session tags, nobody goes on in somebody else's session of the Data API."
    ),
    "FollowOwnStatements": (
        "A statement is followed, read, stopped and found by whoever ran it. Statements have no ARNs, so"
        " the resource is *; the condition keeps everybody to their own."
    ),
    "ConnectAsIdentity": (
        "With QUERY_PATH=driver a person's connection to the one warehouse opens with a token of their"
        " identity context, and the Data API is not used."
    ),
    "ConnectAsTaggedUser": (
        "Without IAM Identity Center the Data API connects as the database user that the session's tags name."
        " The session must be called as that user; one without tags connects as nobody."
    ),
    "BringContextsAlong": (
        "Redshift takes this role to look up IAM Identity Center, and brings the people's contexts along."
    ),
    "LookUpIdentityCenter": (
        "Redshift reads the instance and its own application there. It makes that application with this"
        " role, so the ARN ends in a wildcard within the one instance."
    ),
    "LoadAsAdministrator": (
        "Redshift takes this role for COPY by the warehouse's administrator, in this account and region."
        " Anybody else who may make a temporary table could COPY the files, which no row-level security"
        " guards."
    ),
    "ReadObjects": "COPY reads the objects of the places that are named.",
    "ListPlace": "COPY lists the one bucket, under the prefix that is named.",
    "KeepSessions": "The app's processes share their sign-ins in the one table; Scan lists who is signed in.",
    "ReadSecrets": (
        "The app reads its client secret and the key that seals its sessions, where secrets hold them."
    ),
    "AskForTokens": "Whoever exchanges the tokens may ask this application for them.",
    "DataApiForItsCallers": (
        "The Data API asks the application about the person whose statement it runs. The resource * is"
        " the one that such a policy takes: it means the application that carries it."
    ),
    # Of whoever runs the command line.
    "LookAtRoles": "plan and doctor compare the roles' trust and permissions with what is wanted.",
    "LookAtAttachedPolicies": (
        "doctor reads what is attached to the roles beside that, of AWS's policies and the account's."
    ),
    "LookAtProvider": (
        "plan and doctor look whether the identity provider is known, with this app among its audiences."
    ),
    "LookAtAccount": (
        "These list, and have no resource of their own: instances, warehouses, quotas, providers of"
        " another spelling."
    ),
    "LookAtInstance": (
        "The application and the token issuer are found by name, and whose they are by their tags."
    ),
    "LookAtApplications": (
        "plan and doctor compare the application's grants, scopes, rule and actor policy; AWS makes their"
        " ids, so the ARNs end in a wildcard within the one instance."
    ),
    "LookAtConnections": "Which groups were assigned here to a connection of others stands in its tags.",
    "FindPeople": "A group is found by its name, and doctor's test person with their groups.",
    "LookAtWorkgroup": (
        "The namespace and the workgroup are compared; AWS makes their ids, so the ARNs end in a wildcard"
        " within the account and the region."
    ),
    "LookAtCluster": "The cluster and its parameters are compared.",
    "LookAtTable": "The table of the sessions is compared.",
    "RunSqlAsAdministrator": (
        "Roles, grants and policies in the warehouse are SQL: to plan is to ask there what is, to apply"
        " is to change it."
    ),
    "ReadAdministratorsSecret": (
        "The Data API signs in as the warehouse's administrator by the secret that Redshift keeps; its"
        " name begins in this way."
    ),
    "MakeRoles": "The roles of the chain are made, mended and taken away, and no others.",
    "HandRolesToRedshift": (
        "Two of the roles are for Redshift, which is told of them; to no other service may they be handed."
    ),
    "GiveHostItsPolicy": "The role of the app's host gets one policy beside its own.",
    "MakeProvider": "The identity provider is made, or gets the app's audience beside others.",
    "MakeApplications": (
        "The application and the token issuer are made in the one instance, and Redshift makes its own"
        " application in the name of whoever asks."
    ),
    "ChangeApplications": (
        "Grants, scopes, assignments, rule and actor policy are set, and all of it is taken away again;"
        " the ARNs end in a wildcard within the one instance."
    ),
    "MakeTable": "The table of the sessions is made and taken away.",
    "ConnectIdentityCenter": "Redshift's connection to IAM Identity Center is made; that has no resource.",
    "ChangeConnection": "The connection is mended and taken away; AWS makes its id.",
    "MakeWorkgroup": "The namespace and the workgroup are made, mended and taken away; AWS makes their ids.",
    "MakeCluster": "The cluster and its parameters are made, mended and taken away.",
    "KeepAdministratorsSecret": (
        "Redshift keeps its administrator's password in a secret in the name of whoever makes the warehouse."
    ),
    "MakePassword": "For that password; it has no resource.",
    "FindNetwork": (
        "Redshift Serverless looks for the network in the name of whoever makes a workgroup; these have"
        " no resources."
    ),
    "MakeRedshiftsOwnRole": (
        "The first warehouse of an account brings Redshift's own role about, and no other service's."
    ),
}


def reason(sid: str) -> str:
    """Why the statement of this name is there; statements that differ by a number have one reason."""
    return REASONS[sid.rstrip("0123456789")]
