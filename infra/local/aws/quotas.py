"""How often each operation of the Data API may be called in a second."""

import threading
from collections.abc import Callable, Mapping

from infra.local.aws.model import AwsError

# Calls a second, for an account in a region. They cannot be raised.
PER_SECOND: Mapping[str, int] = {
    "BatchExecuteStatement": 20,
    "CancelStatement": 3,
    "DescribeStatement": 100,
    "DescribeTable": 3,
    "ExecuteStatement": 30,
    "GetStatementResult": 20,
    "GetStatementResultV2": 20,
    "ListDatabases": 3,
    "ListSchemas": 3,
    "ListSessions": 3,
    "ListStatements": 3,
    "ListTables": 3,
}


class Quotas:
    """Throttles an account in a region: of each operation a second's calls at once, then as they refill."""

    def __init__(self, *, clock: Callable[[], float], per_second: Mapping[str, int] = PER_SECOND) -> None:
        self._clock = clock
        self._per_second = per_second
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, operation: str, *, account: str, region: str) -> None:
        """Counts one call; ThrottlingException when the second's calls are used up."""
        most = self._per_second[operation]
        key = (operation, account, region)
        with self._lock:
            now = self._clock()
            left, then = self._left.get(key, (float(most), now))
            left = min(most, left + max(now - then, 0.0) * most)
            allowed = left >= 1
            self._left[key] = (left - 1 if allowed else left, now)
        if not allowed:
            raise AwsError("ThrottlingException", "Rate exceeded")
