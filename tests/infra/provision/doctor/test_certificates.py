"""A provider whose certificate no public authority signed: the app and AWS must each be told of it."""

import datetime as dt
import hashlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from werkzeug.serving import make_server

from infra.local.idp import create_idp
from infra.provision.apply import apply
from infra.provision.doctor.check import examine
from infra.provision.doctor.checks import client, iam_provider, permissions, provider, trust
from infra.provision.doctor.context import Context
from tests.conftest import free_ports
from tests.infra.provision.doctor.world import World

CHECKS = (*provider.CHECKS, *client.CHECKS, *iam_provider.CHECKS, *trust.CHECKS, *permissions.CHECKS)


@dataclass(frozen=True)
class Tls:
    """A provider of its own behind https, and what trusts it."""

    issuer: str
    thumbprint: str
    trusting: ssl.SSLContext


@pytest.fixture(scope="module")
def tls(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    (port,) = free_ports(1)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(key)
    files = tmp_path_factory.mktemp("tls")
    key_file, certificate_file = files / "key.pem", files / "certificate.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    idp = create_idp(replace(stack.config, idp_port=port))
    _secure(idp, f"http://localhost:{port}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    server = make_server("127.0.0.1", port, idp, threaded=True, ssl_context=context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    der = certificate.public_bytes(serialization.Encoding.DER)
    yield Tls(
        f"https://localhost:{port}",
        hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        ssl.create_default_context(cafile=certificate_file),
    )
    server.shutdown()


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _secure(idp: Any, issuer: str) -> None:
    """The provider's document as one behind https would publish it."""
    own = idp.view_functions["discovery"]

    def discovery() -> dict[str, Any]:
        return {
            name: value.replace(issuer, issuer.replace("http:", "https:"))
            if isinstance(value, str)
            else value
            for name, value in own().items()
        }

    idp.view_functions["discovery"] = discovery


@pytest.fixture
def secured(world: World, tls: Tls) -> World:
    """The account with that provider, whose certificate whoever looks trusts."""
    outputs = apply(replace(world.provisioned, issuer=tls.issuer, token_issuer="tls"), world.session)
    world.env |= outputs.settings()
    world.http = lambda: httpx.Client(verify=tls.trusting)
    return world


def codes(world: World) -> list[str]:
    context = Context(world.chain, session=world.session, http=world.http)
    return [finding.fault.code for outcome in examine(CHECKS, context) for finding in outcome.findings]


def thumbprints(world: World, *values: str) -> None:
    world.aws("iam").update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=world.chain.provider_arn, ThumbprintList=list(values)
    )


def test_a_certificate_that_this_computer_does_not_trust(secured: World) -> None:
    secured.http = httpx.Client
    assert codes(secured) == ["RLD-102"]


def test_a_certificate_that_aws_was_not_told_of(secured: World) -> None:
    thumbprints(secured, "0" * 40)
    assert codes(secured) == ["RLD-204"]


def test_a_certificate_that_everybody_was_told_of(secured: World, tls: Tls) -> None:
    thumbprints(secured, "0" * 40, tls.thumbprint.upper())
    assert codes(secured) == []
