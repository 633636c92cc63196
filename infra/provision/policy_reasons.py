"""Why each statement of the policies is there, in one sentence or two, by its name (Sid)."""

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "PeopleOfThisApp": (
        "Whoever holds an ID token that the provider issued for this app may take the role. Tokens of the"
        " provider's other apps do not count, nor anybody else's where subjects are listed; with session"
        " tags the session must bear the name of the database user whom the token's tags name."
    ),
    "TagsOfThePerson": (
        "The token's tags name the database user and roles, and nothing else may be tagged: other tags"
        " could open what other policies of the account allow by tag."
    ),
    "ExchangeTokens": (
        "The app exchanges a person's ID token for their identity context, at this application alone."
    ),
    "TakeDataRole": "The app takes the data role for the person whose context it holds, and no other role.",
    "BringIdentityContext": "The context is one of IAM Identity Center's; no other provider's is passed on.",
    "Exchanger": "Whoever exchanges the tokens, alone, takes the data role and brings a context along.",
    "RunStatements": (
        "People's SQL runs in the one warehouse; a batch is the same right for several statements."
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
}


def reason(sid: str) -> str:
    """Why the statement of this name is there; statements that differ by a number have one reason."""
    return REASONS[sid.rstrip("0123456789")]
