"""The identity providers that are known, and how each writes its issuer; docs/aws.md has the rest."""

import re
from dataclasses import dataclass

_HOST = r"[a-zA-Z0-9.-]+(:[0-9]{1,5})?"
_ID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?(/.*)?")


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One identity provider."""

    title: str
    issuer: str  # as a pattern
    example: str
    # The app's OIDC_EMAIL_VERIFIED; empty: the standard's claim.
    email_verified: str = ""

    def issuer_fault(self, issuer: str) -> str:
        """What is wrong with an issuer of it, which IAM and the app compare to the letter; empty: nothing."""
        if re.fullmatch(self.issuer, issuer) or _LOCAL.fullmatch(issuer):
            return ""
        return f"{self.title} writes its issuers as {self.example}"


PROVIDERS = {
    "okta": Provider(
        title="Okta",
        # The organization's own authorization server or a custom one, on a domain of the company's too.
        issuer=rf"https://{_HOST}(/oauth2/[A-Za-z0-9]+)?",
        example="https://example.okta.com or …/oauth2/default, without a slash at its end",
    ),
    "entra": Provider(
        title="Microsoft Entra ID",
        issuer=rf"https://login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn)/{_ID}/v2\.0",
        example="https://login.microsoftonline.com/<tenant id>/v2.0, with the tenant's id and not its name",
        email_verified="xms_edov",
    ),
    "auth0": Provider(
        title="Auth0",
        issuer=rf"https://{_HOST}/",
        example="https://example.eu.auth0.com/, with a slash at its end",
    ),
    "keycloak": Provider(
        title="Keycloak",
        issuer=rf"https://{_HOST}(/[A-Za-z0-9_-]+)*/realms/[A-Za-z0-9._-]+",
        example="https://id.example.com/realms/<realm>, without a slash at its end",
    ),
    "ping": Provider(
        title="PingOne",
        issuer=rf"https://{_HOST}(/{_ID})?/as",
        example="https://auth.pingone.eu/<environment id>/as, without a slash at its end",
    ),
    "google": Provider(
        title="Google",
        issuer=r"https://accounts\.google\.com",
        example="https://accounts.google.com",
    ),
    "other": Provider(title="Another provider", issuer=r".*", example="its discovery document does"),
}


def name_in_iam(issuer: str) -> str:
    """The issuer as IAM names it in ARNs and condition keys: without its scheme."""
    return issuer.partition("://")[2]


def arn_in_iam(issuer: str, *, partition: str, account_id: str) -> str:
    """IAM's identity provider for the issuer."""
    return f"arn:{partition}:iam::{account_id}:oidc-provider/{name_in_iam(issuer)}"
