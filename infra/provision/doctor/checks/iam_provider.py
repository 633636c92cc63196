"""IAM's identity provider: it is there, for this client, and AWS trusts the certificate of its keys."""

import hashlib
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpx
from botocore.exceptions import ClientError
from cryptography import x509

from infra.provision.doctor.chain import Chain
from infra.provision.doctor.check import Check
from infra.provision.doctor.checks import provider
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import iam as faults
from infra.provision.doctor.roles import BUILT_IN

LINK = "IAM"


def find(context: Context) -> Any:
    """IAM's identity provider for the issuer; None where there is none."""
    context.need("issuer")
    context.need("data_role_arn")
    try:
        return context.aws("iam").get_open_id_connect_provider(
            OpenIDConnectProviderArn=context.chain.provider_arn
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
    return None


def found(context: Context) -> Any:
    """IAM's identity provider for the issuer; waits where there is none."""
    known = context.ask(find)
    if known is None:
        raise Waits("IAM's identity provider")
    return known


def registered(context: Context) -> Iterator[Finding]:
    """IAM knows the issuer, by its very name."""
    if _built_in(context) or context.ask(find) is not None:
        return
    chain = context.chain
    names: dict[str, Any] = {"issuer": chain.issuer, "client": context.need("client_id")}
    others = [
        each["Arn"]
        for each in context.aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        if each["Arn"].lower().rstrip("/") == chain.provider_arn.lower().rstrip("/")
    ]
    if others:
        yield faults.PROVIDER_MISSPELLED.found(
            f"IAM has {others[0]}; the issuer is {chain.issuer}.", other=others[0], **names
        )
    else:
        yield faults.NO_PROVIDER.found(f"There is no {chain.provider_arn}.", **names)


def _built_in(context: Context) -> bool:
    """Google's tokens IAM knows by itself; where it was told of them as well, it goes by that."""
    return context.chain.issuer_name == BUILT_IN and context.ask(find) is None


def audience(context: Context) -> Iterator[Finding]:
    """The app's client is among the provider's audiences."""
    if _built_in(context):
        return
    arn, client = context.chain.provider_arn, context.need("client_id")
    known = context.ask(found)["ClientIDList"]

    def add() -> str:
        context.aws("iam").add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=arn, ClientID=client
        )
        return f"{client} is now an audience of {arn}"

    if client not in known:
        yield faults.NO_AUDIENCE.found(
            f"Its audiences are {', '.join(known) or 'none'}; the app's client is {client}.",
            fix=add,
            provider=arn,
            client=client,
        )


def thumbprint(context: Context) -> Iterator[Finding]:
    """AWS trusts the certificate of the keys' address."""
    url = context.ask(provider.endpoint, "jwks_uri")
    if _built_in(context) or urlsplit(url).scheme != "https" or _public(url):
        return
    thumbprints = {each.lower() for each in context.ask(found).get("ThumbprintList", [])}
    parts = urlsplit(url)
    certificate = _certificate(parts.hostname or "", parts.port or 443)
    own = hashlib.sha1(certificate, usedforsecurity=False).hexdigest()
    if own in thumbprints:
        return
    read = x509.load_der_x509_certificate(certificate)
    if read.issuer != read.subject:
        raise Unclear(
            f"{parts.netloc} has a certificate of a private authority. The authority's thumbprint must be"
            f" among those of IAM's identity provider: {', '.join(sorted(thumbprints)) or 'none'}."
        )
    yield faults.THUMBPRINT.found(
        f"{parts.netloc} has a certificate that no public authority signed, with the thumbprint {own}; IAM"
        f" has {', '.join(sorted(thumbprints)) or 'none'}.",
        provider=context.chain.provider_arn,
        thumbprint=own,
        host=parts.netloc,
    )


def _public(url: str) -> bool:
    """Whether a public authority signed the certificate there: certifi's list stands for AWS's."""
    context = ssl.create_default_context(cafile=certifi.where())
    try:
        httpx.get(url, verify=context, timeout=10)
    except httpx.ConnectError as error:
        return "CERTIFICATE_VERIFY_FAILED" not in str(error)
    return True


def _certificate(host: str, port: int) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port), timeout=10))
    except OSError as error:
        raise Unclear(f"The certificate of {host} could not be read ({type(error).__name__}).") from error


def _by_token(chain: Chain) -> bool:
    """Whether STS is asked by a token at all: a host that signs for itself asks it nothing so."""
    return bool(chain.bridge_role_arn) or chain.session_tags


CHECKS = (
    Check(LINK, "it knows the identity provider, by its very name", registered, _by_token),
    Check(LINK, "its identity provider takes tokens for this client", audience, _by_token),
    Check(LINK, "AWS trusts the certificate of the provider's keys", thumbprint, _by_token),
)
