"""Roles that Redshift takes for itself: to read what COPY loads, and to look into Identity Center."""

from collections.abc import Collection, Mapping

from infra.local.aws.iam import Iam
from infra.local.aws.model import Caller
from infra.local.aws.policy import Request, decide_for_principals
from infra.local.config import ACCOUNT_ID

_SERVICES = frozenset({"redshift.amazonaws.com", "redshift-serverless.amazonaws.com"})
_SESSION = "RedshiftIamRoleSession"


def take(
    iam: Iam,
    arn: str,
    *,
    actions: Collection[str] = ("sts:AssumeRole",),
    context: Mapping[str, tuple[str, ...]] | None = None,
) -> Caller:
    """Redshift in the role; raises LookupError for one that is not there, or that does not trust it so."""
    role = iam.role(arn)
    for action in actions:
        request = Request(action, context=context or {}, principals={"Service": _SERVICES})
        if not decide_for_principals(role.assume_role_policy_document, request).granted:
            raise LookupError(arn)
    return Caller(
        account=ACCOUNT_ID,
        arn=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role.name}/{_SESSION}",
        principal_arn=arn,
        user_id=f"{role.id}:{_SESSION}",
        role_name=role.name,
        session_name=_SESSION,
    )
