"""What all sessions share: the settings, the provider, AWS, the store."""

from dataclasses import dataclass

from app import settings as settings_
from app import telemetry
from app.auth.aws import Aws, read_secret
from app.auth.oidc import Provider
from app.auth.renewal import Renewer
from app.redshift.calls import settle
from app.redshift.limiter import Limiter
from app.redshift.wire import Open, opener
from app.session.dynamodb import DynamoStore
from app.session.sealing import Seal, SealedStore
from app.session.sessions import Sessions
from app.session.store import MemoryStore, Store
from app.session.user import World
from app.settings import Settings

# Of each kind, so that strangers who begin sign-ins push out no one who is signed in.
MOST_IN_MEMORY = 10_000
# For how long beyond a statement's own time a direct connection may be silent before it counts as broken.
_SILENCE_SECONDS = 15


@dataclass(frozen=True)
class Services:
    """Made once for the process; nothing of any person."""

    settings: Settings
    provider: Provider
    sessions: Sessions

    def stop(self, seconds: float) -> None:
        """Cancels what runs for anybody, within so long, as the process ends; sign-ins stay, for others."""
        for user in self.sessions.at_work():
            user.close()
        settle(seconds)


_ONE = "services"
_made: dict[str, Services] = {}


def services() -> Services:
    """The process's services; raises SettingsError until the settings are right."""
    # Of two that are made at once the first stays: with two stores in memory, each would keep its own people.
    return known() or _made.setdefault(_ONE, assemble(settings_.load(read_secret)))


def known() -> Services | None:
    """The services once they are made; asks nobody and never waits."""
    return _made.get(_ONE)


def assemble(settings: Settings) -> Services:
    """The services for these settings."""
    key = settings.session_keys[0] if settings.session_keys else b""
    telemetry.start(secret=key, namespace=settings.redshift_database)
    provider = Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        email_verified=settings.oidc_email_verified,
    )
    aws = Aws(settings.aws_region)
    renewer = Renewer(aws=aws, provider=provider, settings=settings)
    limiter = Limiter(share=settings.data_api_share)
    world = World(settings, aws, _store(settings, aws), renewer, limiter, _open_direct(settings))
    return Services(settings, provider, Sessions(world, provider))


def _open_direct(settings: Settings) -> Open | None:
    if settings.query_path != "driver":
        return None
    return opener(
        host=settings.redshift_host,
        database=settings.redshift_database,
        longest_seconds=settings.query_timeout_seconds + _SILENCE_SECONDS,
    )


def _store(settings: Settings, aws: Aws) -> Store:
    if not settings.session_table:
        return MemoryStore(most=MOST_IN_MEMORY)
    client = aws.client("dynamodb")
    return SealedStore(DynamoStore(client, settings.session_table), Seal(settings.session_keys))
