"""One request on its way through the endpoint: what becomes known of it while it is answered."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.model import OperationModel, ServiceModel

from infra.local.aws.model import AwsError, Caller, Noted
from infra.local.aws.wire import HttpResponse


def _at_once(response: HttpResponse) -> HttpResponse:
    return response


@dataclass
class Exchange:
    """What the log line, the error, the audit event and the faults on demand are told of a request."""

    address: str = ""
    user_agent: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    service: str = ""
    operation: str = ""
    caller: Caller | None = None
    error: AwsError | None = None
    model: ServiceModel | None = None
    operation_model: OperationModel | None = None
    parameters: Mapping[str, Any] | None = None
    noted: Noted = field(default_factory=Noted)
    leave: Callable[[HttpResponse], HttpResponse] = _at_once  # what a fault does to the answer

    @property
    def principal(self) -> str:
        return self.caller.arn if self.caller else "nobody"

    @property
    def protocol(self) -> str:
        return str(self.model.protocol) if self.model else "json"


def begin(environ: Mapping[str, Any]) -> Exchange:
    """An exchange of which only the sender's side is known."""
    return Exchange(str(environ.get("REMOTE_ADDR", "")), str(environ.get("HTTP_USER_AGENT", "")))
