"""`python -m infra.local`: the stand-in alone, until Ctrl-C."""

import logging
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from infra.local.config import Config, ConfigError, from_environment, isolate


def main(run: Callable[[Config], int]) -> int:
    """Runs with the environment's settings; what the person can mend is one line and exit status 2."""
    # Ctrl-C and a polite kill end in the same way, also where a shell started this in the background.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        config = from_environment()
        # At DEBUG, botocore writes whole requests with their signatures: the level is for our own records.
        logging.basicConfig(level=logging.WARNING, format="%(name)s %(message)s")
        logging.getLogger("infra").setLevel(config.log_level)
        isolate()
        return run(config)
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line's answer
    except ModuleNotFoundError as error:
        print(  # noqa: T201 - a command line's answer
            f"The package {error.name} is missing: pip install --require-hashes -r requirements-local.txt",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        return 0
    return 2


def stand_in(config: Config) -> NoReturn:
    """The stand-in alone, until a signal."""
    from infra.local.stack import start  # noqa: PLC0415 - a missing package is told in one line

    stack = start(config)
    where = f"Identity provider on {config.issuer}, AWS on {config.aws_url}"
    print(f"{where}; settings: {config.aws_url}/_local/env", flush=True)  # noqa: T201 - a command line's answer
    try:
        # Not one wait without end: of a signal that another thread took, this one hears when it wakes.
        while True:
            time.sleep(0.5)
    finally:
        stack.stop()


if __name__ == "__main__":
    sys.exit(main(stand_in))
