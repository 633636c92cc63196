"""What COPY reads from S3: as a role of the namespace, or not at all."""

from collections.abc import Callable, Iterator

from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from infra.local.aws.iam import Iam, IamAuthorizer
from infra.local.aws.model import AwsError, Caller
from infra.local.aws.service_roles import take
from infra.local.config import ACCOUNT_ID
from infra.local.warehouse import SqlError


class S3Objects:
    """Reads moto's S3 with the permissions of the role that Redshift takes for COPY."""

    def __init__(
        self,
        iam: Iam,
        *,
        copy_role: Callable[[str | None], str | None],
        user_arn: Callable[[str], str],
    ) -> None:
        """`user_arn` names a database user as Redshift does where it takes a role for them."""
        self._iam = iam
        self._authorize = IamAuthorizer(iam)
        self._copy_role = copy_role
        self._user_arn = user_arn

    def __call__(
        self, bucket: str, key_prefix: str, role: str | None, user: str
    ) -> Iterator[tuple[str, bytes]]:
        """The objects of a bucket whose keys start with the prefix, with their content."""
        caller = self._assume(role, user)
        self._check(caller, "s3:ListBucket", f"arn:aws:s3:::{bucket}", context={"s3:prefix": key_prefix})
        backend = s3_backends[ACCOUNT_ID]["aws"]
        try:
            found, *_ = backend.list_objects(backend.get_bucket(bucket), key_prefix, None, None, None)
        except MissingBucket as error:
            raise _s3_error("The specified bucket does not exist", 404, "NoSuchBucket") from error
        for key in found:
            self._check(caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key.name}")
            yield key.name, key.value

    def _assume(self, asked: str | None, user: str) -> Caller:
        arn = self._copy_role(asked)
        if arn is None and asked is None:
            raise SqlError("No default IAM role is set for the namespace")
        if arn is None:
            raise SqlError(f"The requested role {asked} is not associated to cluster")
        try:
            return take(self._iam, arn, context={"sts:externalid": (self._user_arn(user),)})
        except LookupError as error:
            raise _not_assumed(arn) from error

    def _check(
        self, role: Caller, action: str, resource: str, *, context: dict[str, str] | None = None
    ) -> None:
        try:
            self._authorize(role, action, resource, context=context)
        except AwsError as error:
            raise _s3_error("Access Denied", 403, "AccessDenied") from error


def _not_assumed(arn: str) -> SqlError:
    return SqlError(f"User is not authorized to assume IAM Role {arn}")


def _s3_error(message: str, status: int, code: str) -> SqlError:
    return SqlError(f"S3ServiceException:{message},Status {status},Error {code}")
