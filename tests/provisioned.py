"""What the demonstration asks infra/provision for: as a specification, and as the SQL that comes of it."""

from collections.abc import Mapping
from typing import Any

from infra.local.stack import ALSO_READABLE
from infra.provision.specification.spec import Spec
from infra.provision.sql.statements import steps

# For warehouses without the Data API in front of them.
STATEMENTS = tuple(
    step.sql
    for step in steps(
        Spec(
            region="us-east-1",
            account_id="123456789012",
            instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
            identity_store_id="d-0123456789",
            issuer="https://example.okta.com",
            client_id="0oa1",
            data_bucket="bucket",
        )
    )
)


def specification(env: Mapping[str, str], **changes: Any) -> Spec:
    """What a stand-in of these settings is provisioned by, but for the changes."""
    given: dict[str, Any] = {
        "region": env["AWS_REGION"],
        "account_id": "123456789012",
        "instance_arn": env["IDC_INSTANCE_ARN"],
        "identity_store_id": env["IDENTITY_STORE_ID"],
        "issuer": env["OIDC_ISSUER"],
        "client_id": env["OIDC_CLIENT_ID"],
        "data_bucket": env["S3_BUCKET"],
        "also_readable": ALSO_READABLE,
    }
    return Spec(**{**given, **changes})
