"""What a session's record tells of its chain of identity; of tokens and keys, until when they hold."""

from app.auth.exchange import session_name
from app.auth.tags import UNTAGGED
from app.chain import Chain, Renewal, RoleSession, SignedIn
from app.session.record import Record
from app.settings import Settings


def chain(record: Record, settings: Settings) -> Chain:
    """The links that are there."""
    standing, bridge = record.standing, bool(settings.bridge_role_arn)
    identity, keys = standing.identity, standing.credentials
    tags = identity.tags if settings.propagation == "session_tags" else UNTAGGED
    signed_in = SignedIn(
        issuer=identity.issuer,
        subject=identity.subject,
        email=identity.email,
        groups=identity.groups,
        signed_in_at=record.started_at,
        expires_at=identity.expires_at,
        database_user=tags.user,
        database_roles=tags.roles,
    )
    name = session_name(identity.email)
    return Chain(
        signed_in=signed_in,
        application_arn=settings.idc_application_arn,
        bridge_role_arn=settings.bridge_role_arn,
        user=standing.center,
        session=RoleSession(settings.data_role_arn, name, keys.expires_at) if keys is not None else None,
        renews_at=record.renew_at,
        renewal=_renewal(record, bridge=bridge),
        ends_at=record.over_at(bridge=bridge),
        region=settings.aws_region,
        warehouse=settings.redshift_workgroup or settings.redshift_cluster,
        database=settings.redshift_database,
        path=settings.query_path,
        propagation=settings.propagation,
    )


def _renewal(record: Record, *, bridge: bool) -> Renewal:
    """By what the next credentials come, as app.auth.renewal goes about it."""
    standing, renews_at = record.standing, record.renew_at
    signs = not bridge or (renews_at is not None and renews_at < standing.identity.expires_at)
    if standing.context_refresh_token is not None and signs:
        return "context"
    return "provider" if standing.refresh_token is not None else "nobody"
