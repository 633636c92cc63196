"""`python -m infra.provision`: the trust chain and the warehouse of the credentials' account."""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from app.errors import PolicyFileRefused
from infra.provision import apply, destroy, env, plan
from infra.provision.doctor import command as doctor
from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.policy_tests import command as policy_tests_command
from infra.provision.terminal import harmless

_LONGEST_MESSAGE = 300
_STOPPED = 130  # as shells say of what Ctrl-C ended

# Each adds its parser, whose `run` takes the options and returns the exit status.
_COMMANDS = (plan, apply, destroy, env, doctor, policy_tests_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is as specified; 1 when AWS or the account stood in the way; 2 when the request is wrong."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (SpecError, PolicyFileRefused) as error:
        return _fail("\n".join(getattr(error, "faults", (str(error),))), status=2)
    except ClientError as error:
        return _fail(_in_words(error), status=1)
    except (BotoCoreError, ProvisioningError) as error:
        return _fail(str(error), status=1)
    except KeyboardInterrupt:
        return _fail("Stopped. What was done stays done: run it again to go on.", status=_STOPPED)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.provision",
        description="The trust chain and the warehouse, as code.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for each in _COMMANDS:
        each.add_parser(commands)
    return parser


def _in_words(error: ClientError) -> str:
    found = error.response["Error"]
    # A message may repeat what was sent, a whole policy for one.
    message = str(found.get("Message"))[:_LONGEST_MESSAGE]
    return f"AWS refused {error.operation_name}: {found.get('Code')}: {message}"


def _fail(message: str, *, status: int) -> int:
    print(harmless(message), file=sys.stderr)  # noqa: T201 - a command line's answer
    return status


if __name__ == "__main__":
    sys.exit(main())
