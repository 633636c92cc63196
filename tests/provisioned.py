"""infra/sql/ as the demonstration fills it in, for warehouses without the Data API in front of them."""

from infra.provision.specification.spec import Spec
from infra.provision.sql.statements import steps

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
