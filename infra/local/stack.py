"""The whole stand-in in one process: provider, endpoint, warehouse, provisioned and loaded."""

import datetime as dt
import errno
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa

from infra.local.aws.front import Endpoint, create_endpoint
from infra.local.config import (
    ACCOUNT_ID,
    CLIENT_ID,
    OUTSIDE_REDIRECT_URI,
    REGION,
    Config,
    ConfigError,
)
from infra.local.directory import push_people
from infra.local.idp import create_idp
from infra.local.sample import sales, to_csv, to_parquet
from infra.local.serving import create_server
from infra.local.warehouse import Redshift
from infra.provision.apply import apply
from infra.provision.specification.spec import Spec

DATA_BUCKET = "rowlight-demo-data"
DATA_KEY = "sales_data/part-{}.parquet"
# A request to the endpoint has a bound on its body, so many rows are several objects.
ROWS_AN_OBJECT = 2_000_000
# Where AWS's own article on this keeps its sample, so that the article's COPY finds one here too.
ARTICLE_BUCKET = "redshift-blogs"
ARTICLE_KEY = "redshift-data-api-idc/sales_data.csv"
ARTICLE_ROWS = 1_000
# All of the demonstration's bucket, for whoever tries a COPY of their own.
ALSO_READABLE = (f"{DATA_BUCKET}/", f"{ARTICLE_BUCKET}/redshift-data-api-idc/")
# A long poll holds a thread for as long as its statement runs, and a hundred people may wait at once.
AWS_THREADS = 256
IDP_THREADS = 8


@dataclass(frozen=True)
class Stack:
    """The running stand-in."""

    config: Config
    endpoint: Endpoint
    servers: tuple[Any, ...]

    @property
    def app_environment(self) -> dict[str, str]:
        """What the app is told: every setting but the administrator's."""
        return {
            name: value for name, value in self.endpoint.settings.items() if not name.startswith("ADMIN_")
        }

    def stop(self) -> None:
        for server in self.servers:
            server.close()
        self.endpoint.close()


def start(config: Config) -> Stack:
    """Starts everything and returns once the warehouse is loaded; a port in use raises ConfigError."""
    with ThreadPoolExecutor(1) as pool:
        sample = pool.submit(sales, config.demo_rows, today=dt.datetime.now(dt.UTC).date())
        redshift = Redshift()
        endpoint = create_endpoint(config, redshift=redshift)
        servers = (
            _serve(create_idp(config), config, "IDP_PORT", IDP_THREADS),
            _serve(endpoint, config, "AWS_PORT", AWS_THREADS),
        )
        stack = Stack(config, endpoint, servers)
        try:
            session = _Session(stack)
            settings = _prepare(stack, session, sample)
            endpoint.settings.update(settings if config.empty else settings | _provision(stack, session))
        except BaseException:
            stack.stop()
            raise
    endpoint.states.keep()
    endpoint.ready = True
    return stack


def _serve(application: Any, config: Config, setting: str, threads: int) -> Any:
    """Serves on loopback alone, or where the configuration says."""
    port = {"IDP_PORT": config.idp_port, "AWS_PORT": config.aws_port}[setting]
    try:
        server = create_server(application, port=port, threads=threads, address=config.bind_address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ConfigError.port_in_use(port, setting) from error
    threading.Thread(target=server.run, name=f"serve-{port}", daemon=True).start()
    return server


class _Session(boto3.Session):
    """The administrator's session; its clients know this endpoint, whatever the environment says."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(
            aws_access_key_id=stack.endpoint.administrator.access_key_id,
            aws_secret_access_key=stack.endpoint.administrator.secret_access_key,
            region_name=REGION,
        )
        self._endpoint_url = stack.config.aws_url

    def client(self, service_name: Any, **arguments: Any) -> Any:  # type: ignore[override]  # boto3's own is a hundred overloads
        return super().client(service_name, endpoint_url=self._endpoint_url, **arguments)


def upload(s3: Any, rows: pa.Table, *, rows_an_object: int = ROWS_AN_OBJECT) -> None:
    """Puts the sample where COPY reads it, in as many objects as it takes."""
    for part, first in enumerate(range(0, rows.num_rows, rows_an_object)):
        body = to_parquet(rows.slice(first, rows_an_object))
        s3.put_object(Bucket=DATA_BUCKET, Key=DATA_KEY.format(part), Body=body)


def _prepare(stack: Stack, session: boto3.Session, sample: Future[pa.Table]) -> dict[str, str]:
    """What a company has before it provisions: people, data, a client at its provider; where all that is."""
    if not stack.config.tags_sessions:
        push_people(session, identity_store_id=stack.endpoint.identity_store_id)
    rows = sample.result()
    s3 = session.client("s3")
    for bucket in (DATA_BUCKET, ARTICLE_BUCKET):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=ARTICLE_BUCKET, Key=ARTICLE_KEY, Body=to_csv(rows.slice(0, ARTICLE_ROWS)))
    upload(s3, rows)
    config, endpoint = stack.config, stack.endpoint
    return {
        "OIDC_ISSUER": config.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": config.client_secret,
        "APP_URL": config.app_url,
        "SIGN_IN": config.sign_in,
        "DEMO_COMPARE": "on",
        "RPU_HOUR_PRICE": "0.375",  # an example, so that the administrators' page has costs to show
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": config.aws_url,
        "OUTSIDE_REDIRECT_URI": OUTSIDE_REDIRECT_URI,
        "ADMIN_AWS_ACCESS_KEY_ID": endpoint.administrator.access_key_id,
        "ADMIN_AWS_SECRET_ACCESS_KEY": endpoint.administrator.secret_access_key,
        "S3_BUCKET": DATA_BUCKET,
        **_identity_center(stack),
    }


def _identity_center(stack: Stack) -> dict[str, str]:
    """Where IAM Identity Center is; nowhere where people come by the tags of their ID tokens."""
    if stack.config.tags_sessions:
        return {}
    return {
        "IDENTITY_STORE_ID": stack.endpoint.identity_store_id,
        "IDC_INSTANCE_ARN": stack.endpoint.instance_arn,
    }


def _provision(stack: Stack, session: boto3.Session) -> dict[str, str]:
    """What everybody runs then, and the settings that come of it."""
    known = _identity_center(stack)
    spec = Spec(
        region=REGION,
        account_id=ACCOUNT_ID,
        propagation=stack.config.propagation,
        instance_arn=known.get("IDC_INSTANCE_ARN", ""),
        identity_store_id=known.get("IDENTITY_STORE_ID", ""),
        issuer=stack.config.issuer,
        client_id=CLIENT_ID,
        data_bucket=DATA_BUCKET,
        also_readable=ALSO_READABLE,
    )
    outputs = apply(spec, session)
    return {**outputs.settings(), "ADMIN_SECRET_ARN": outputs.admin_secret_arn}
