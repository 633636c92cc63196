"""IAM Identity Center's one instance: its people, and the identity contexts that it seals."""

import base64
import binascii
import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.identitystore.models import IdentityStoreData, User, identitystore_backends

from infra.local.aws.conditions import Conditions
from infra.local.aws.model import AwsError, Person
from infra.local.aws.states import PutBack, keeping
from infra.local.config import ACCOUNT_ID, REGION

CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_NONCE_BYTES = 12
# How a trusted token issuer may name the attribute that a claim is matched with.
ATTRIBUTE_PATHS = ("emails.value", "userName")


class InvalidContext(Exception):
    """Not a context that this Identity Center sealed, or one that is over."""


@dataclass(frozen=True)
class OpenedContext:
    """What a sealed context says."""

    user_id: str
    application_arn: str
    scopes: frozenset[str]
    expires_at: float


class IdentityCenter:
    """The instance with its identity store; people and groups live in moto's identitystore."""

    def __init__(self, *, clock: Callable[[], float], conditions: Conditions) -> None:
        self.conditions = conditions
        identifier = secrets.token_hex(8)
        self.instance_arn = f"arn:aws:sso:::instance/ssoins-{identifier}"
        self.instance_id = f"ssoins-{identifier}"
        self.identity_store_id = f"d-{secrets.token_hex(5)}"
        self.created_at = clock()
        self._clock = clock
        self._seal = AESGCM(AESGCM.generate_key(bit_length=256))
        self._ended: Counter[str] = Counter()  # user: how often all their contexts were ended
        identitystore_backends.reset()

    @property
    def identity_store_arn(self) -> str:
        owner = self.conditions.instance_owner
        return f"arn:aws:identitystore::{owner}:identitystore/{self.identity_store_id}"

    def check_administered(self) -> None:
        """Refuses what an account does that neither owns the instance nor administers it for its owner."""
        if self.conditions.instance_owner != ACCOUNT_ID and not self.conditions.instance_delegated:
            raise AwsError("AccessDeniedException", "The account is not a delegated administrator.")

    @property
    def _store(self) -> IdentityStoreData:
        stores = identitystore_backends[ACCOUNT_ID][REGION].identity_stores
        return stores.setdefault(self.identity_store_id, IdentityStoreData())

    def keep(self) -> PutBack:
        """Keeps the people and the groups; what is returned puts them back."""
        return keeping(self._store, "users", "groups", "group_memberships")

    def person(self, user_id: str) -> Person:
        """Somebody with their groups of this moment; raises LookupError."""
        user = self._store.users.get(user_id)
        if user is None:
            raise LookupError(user_id)
        groups = (self._store.groups.get(group_id) for group_id in self.group_ids(user_id))
        names = sorted({group.DisplayName for group in groups if group is not None})
        return Person(user.UserId, user.UserName, _email(user), tuple(names))

    def group_ids(self, user_id: str) -> frozenset[str]:
        """The groups that somebody is a member of."""
        memberships = list(self._store.group_memberships.values())
        return frozenset(
            membership["GroupId"]
            for membership in memberships
            if membership["MemberId"].get("UserId") == user_id
        )

    def has_principal(self, kind: str, identifier: str) -> bool:
        """Whether there is such a USER or GROUP."""
        return identifier in (self._store.users if kind == "USER" else self._store.groups)

    def match(self, attribute_path: str, value: str) -> Person:
        """The one user whose attribute has the value; raises LookupError for none and for several."""
        found = [
            user.UserId
            for user in list(self._store.users.values())
            if value in (_emails(user) if attribute_path == "emails.value" else [user.UserName])
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} users match")
        return self.person(found[0])

    def seal(self, *, user_id: str, application_arn: str, scopes: tuple[str, ...], seconds: int) -> str:
        """An identity context: opaque, authentic, and over after `seconds`."""
        content = {
            "u": user_id,
            "a": application_arn,
            "s": scopes,
            "e": self._clock() + seconds,
            "n": self._ended[user_id],
        }
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._seal.encrypt(nonce, json.dumps(content).encode(), self.instance_arn.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def end_contexts(self, user_id: str) -> None:
        """Ends every context that was sealed for somebody until now."""
        self._ended[user_id] += 1

    def open(self, assertion: str) -> OpenedContext:
        """What a context says; raises InvalidContext."""
        try:
            raw = base64.b64decode(assertion + "=" * (-len(assertion) % 4), altchars=b"-_", validate=True)
            content = json.loads(
                self._seal.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self.instance_arn.encode())
            )
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise InvalidContext("It is not a context of this Identity Center.") from error
        if self._clock() >= content["e"] or content["n"] != self._ended[content["u"]]:
            raise InvalidContext("It has expired.")
        return OpenedContext(content["u"], content["a"], frozenset(content["s"]), content["e"])


def _emails(user: User) -> list[str]:
    return [email.get("Value", "") for email in user.Emails or []]


def _email(user: User) -> str:
    primary = [email["Value"] for email in user.Emails or [] if email.get("Primary") and email.get("Value")]
    return (primary or _emails(user) or [user.UserName])[0]
