"""The whole chain as an outside client sees it: who sees what, and who is refused, by AWS's own codes."""

import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import outside

SEES = {
    "Ethan Global": "true",
    "Frank Amer": "timezone LIKE 'America%'",
    "Alex Emea": "timezone LIKE 'Europe%'",
    "Ming Apac": "timezone LIKE 'Asia%'",
}
TOTALS = "SELECT count(*), sum(quantity), sum(quantity * sales_price) FROM public.sales_data"


@pytest.fixture(scope="module")
def people(env):
    """Identity-enhanced credentials of each person."""
    names = (*SEES, "Nora Newcomer", "Ada Admin")
    return {name: outside.credentials_of(env, name) for name in names}


@pytest.fixture(scope="module")
def data(env, people):
    """A Data API client for each person."""
    return {name: outside.aws(env, "redshift-data", keys) for name, keys in people.items()}


@pytest.fixture(scope="module")
def as_admin(env):
    client = outside.aws(env, "redshift-data", outside.administrator(env))
    return lambda sql: outside.rows(client, env, sql, SecretArn=env["ADMIN_SECRET_ARN"])


def refused(call, *arguments, **parameters) -> str:
    """The code of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("name", SEES)
def test_a_person_sees_their_own_rows(name, env, data, as_admin):
    assert outside.rows(data[name], env, TOTALS) == as_admin(f"{TOTALS} WHERE {SEES[name]}")


def test_the_world_is_more_than_the_regions(env, data):
    counts = {name: outside.rows(client, env, TOTALS)[0][0] for name, client in data.items() if name in SEES}
    regions = counts["Frank Amer"] + counts["Alex Emea"] + counts["Ming Apac"]
    assert 0 < regions < counts["Ethan Global"]


@pytest.mark.parametrize("name", SEES)
def test_a_person_is_told_how_their_rows_are_read(name, env, data):
    lines = [line for (line,) in outside.rows(data[name], env, "EXPLAIN SELECT 1 FROM public.sales_data")]
    _, _, zone = SEES[name].partition("LIKE ")
    if not zone:
        assert lines[0].startswith("XN Seq Scan on sales_data  (cost=")
        return
    assert lines[0].startswith("XN RLS SecureScan sales_data  (cost=")
    assert lines[-1].strip() == f"Filter: ((timezone)::text ~~ {zone}::text)"


@pytest.mark.parametrize("name", ["Nora Newcomer", "Ada Admin"])
def test_who_is_granted_nothing_is_told_so(name, env, data):
    description = outside.run(data[name], env, TOTALS)
    assert description["Status"] == "FAILED"
    assert "permission denied" in description["Error"]


def test_current_user_is_the_person(env, data):
    assert outside.rows(data["Frank Amer"], env, "SELECT current_user") == [("AWSIDC:frank@example.com",)]


def test_caller_identity_names_role_and_session(env, people):
    arn = outside.aws(env, "sts", people["Frank Amer"]).get_caller_identity()["Arn"]
    assert arn.endswith(":assumed-role/RedshiftDataAPIClientRole/outside")


# --- tokens -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def genuine(env):
    return outside.sign_in(env, "Frank Amer").id_token


def claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def forged(token: str, **changes) -> str:
    """The token's claims under a key that is not the provider's, with the provider's kid."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode(claims(token) | changes, key, algorithm="RS256", headers=headers)


def test_a_forged_token_gets_no_role(env, genuine):
    assert refused(outside.bridge, env, forged(genuine, email="ethan@example.com")) == "InvalidIdentityToken"


def test_an_unsigned_token_gets_no_role(env, genuine):
    token = jwt.encode(claims(genuine), None, algorithm="none")
    assert refused(outside.bridge, env, token) == "InvalidIdentityToken"


def test_a_forged_token_is_not_exchanged(env, genuine):
    credentials = outside.bridge(env, genuine)
    call = outside.aws(env, "sso-oidc", credentials).create_token_with_iam
    token = forged(genuine, email="ethan@example.com", jti="another")
    code = refused(call, clientId=env["IDC_APPLICATION_ARN"], grantType=outside.JWT_BEARER, assertion=token)
    assert code == "InvalidGrantException"


def test_a_token_is_exchanged_once(env):
    token = outside.sign_in(env, "Alex Emea").id_token
    outside.exchange(env, token)
    assert refused(outside.exchange, env, token) == "InvalidGrantException"


def test_a_code_is_redeemed_once(env):
    import httpx

    values, verifier, _ = outside.authorize(env, "Ming Apac")
    discovery = httpx.get(f"{env['OIDC_ISSUER']}/.well-known/openid-configuration").json()
    request = {
        "auth": (env["OIDC_CLIENT_ID"], env["OIDC_CLIENT_SECRET"]),
        "data": {
            "grant_type": "authorization_code",
            "code": values["code"],
            "redirect_uri": env["OUTSIDE_REDIRECT_URI"],
            "code_verifier": verifier,
        },
    }
    assert httpx.post(discovery["token_endpoint"], **request).status_code == 200
    again = httpx.post(discovery["token_endpoint"], **request)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


# --- credentials ------------------------------------------------------------------------------------


def test_bridge_credentials_do_not_reach_the_warehouse(env):
    credentials = outside.bridge(env, outside.sign_in(env, "Frank Amer").id_token)
    assert refused(outside.run, outside.aws(env, "redshift-data", credentials), env, TOTALS) == (
        "AccessDeniedException"
    )


def test_the_data_role_without_a_context_does_not_reach_the_warehouse(env):
    credentials = outside.bridge(env, outside.sign_in(env, "Frank Amer").id_token)
    plain = outside.aws(env, "sts", credentials).assume_role(
        RoleArn=env["DATA_ROLE_ARN"], RoleSessionName="plain"
    )["Credentials"]
    assert refused(outside.run, outside.aws(env, "redshift-data", plain), env, TOTALS) == (
        "AccessDeniedException"
    )


def test_a_context_that_nobody_sealed_is_refused(env):
    credentials = outside.bridge(env, outside.sign_in(env, "Frank Amer").id_token)
    contexts = [{"ProviderArn": outside.CONTEXT_PROVIDER, "ContextAssertion": "x" * 200}]
    code = refused(
        outside.aws(env, "sts", credentials).assume_role,
        RoleArn=env["DATA_ROLE_ARN"],
        RoleSessionName="forged",
        ProvidedContexts=contexts,
    )
    assert code == "InvalidContextAssertion"


def test_a_wrong_secret_is_told_from_a_wrong_token(env, people):
    keys = people["Frank Amer"]
    assert (
        refused(outside.run, outside.aws(env, "redshift-data", keys | {"SecretAccessKey": "x"}), env, TOTALS)
        == "InvalidSignatureException"
    )
    assert (
        refused(outside.run, outside.aws(env, "redshift-data", keys | {"SessionToken": "x"}), env, TOTALS)
        == "UnrecognizedClientException"
    )


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iam", "list_users", {}),
        ("s3", "list_buckets", {}),
        ("s3", "list_objects_v2", {"Bucket": "S3_BUCKET"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "ADMIN_SECRET_ARN"}),
        ("identitystore", "list_users", {"IdentityStoreId": "IDENTITY_STORE_ID"}),
        ("sso-admin", "list_instances", {}),
        ("redshift-serverless", "list_workgroups", {}),
    ],
)
def test_a_person_reaches_no_other_service(service, operation, parameters, env, people):
    call = getattr(outside.aws(env, service, people["Ethan Global"]), operation)
    code = refused(call, **{name: env[setting] for name, setting in parameters.items()})
    assert code in {"AccessDenied", "AccessDeniedException"}


# --- statements -------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["describe_statement", "get_statement_result", "cancel_statement"])
def test_somebody_elses_statement_does_not_exist(operation, env, data):
    statement = outside.run(data["Ethan Global"], env, TOTALS)["Id"]
    assert refused(getattr(data["Frank Amer"], operation), Id=statement) == "ResourceNotFoundException"


def test_the_superusers_secret_is_not_for_people(env, data):
    code = refused(outside.run, data["Frank Amer"], env, TOTALS, SecretArn=env["ADMIN_SECRET_ARN"])
    assert code in {"AccessDeniedException", "ValidationException"}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE public.sales_data ROW LEVEL SECURITY OFF",
        'DETACH RLS POLICY amer_region_filter ON sales_data FROM ROLE "AWSIDC:amer-sales"',
        'GRANT IGNORE RLS TO ROLE "AWSIDC:amer-sales"',
        'GRANT ROLE "AWSIDC:exec-global" TO "AWSIDC:frank@example.com"',
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM duckdb_tables()",
        "COPY public.sales_data TO '/tmp/rows.csv'",
        "SELECT 1; SELECT count(*) FROM public.sales_data",
        "ATTACH '/tmp/other.db'",
        "SET SESSION AUTHORIZATION admin",
        "SELECT getvariable('x')",
    ],
)
def test_what_would_get_round_the_rows_fails(sql, env, data):
    description = outside.run(data["Frank Amer"], env, sql)
    assert description["Status"] == "FAILED"
    assert "root:" not in description["Error"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM sales_data WHERE timezone NOT LIKE 'America%'",
        (
            "WITH sales_data AS (SELECT * FROM public.sales_data) "
            "SELECT count(*) FROM sales_data WHERE timezone NOT LIKE 'America%'"
        ),
        (
            "SELECT count(*) FROM sales_data a JOIN sales_data b ON a.city = b.city "
            "WHERE b.timezone NOT LIKE 'America%'"
        ),
        (
            "SELECT count(*) FROM (SELECT * FROM sales_data UNION ALL SELECT * FROM sales_data) x "
            "WHERE timezone LIKE 'Europe%'"
        ),
        (
            "SELECT count(*) FROM sales_data WHERE true OR 1=1 AND timezone NOT LIKE 'America%' "
            "HAVING bool_or(timezone NOT LIKE 'America%')"
        ),
    ],
)
def test_no_query_counts_a_hidden_row(sql, env, data):
    answer = outside.rows(data["Frank Amer"], env, sql)
    assert answer in ([(0,)], [])


def test_an_operation_that_is_not_implemented_says_so(env):
    client = outside.aws(env, "redshift", outside.administrator(env))
    assert refused(client.describe_events) == "NotImplemented"
