"""`make demo`: the stand-in and the app, until Ctrl-C."""

import http.client
import os
import socket
import subprocess
import sys
import time

from infra.local.__main__ import main
from infra.local.config import Config, ConfigError
from infra.local.people import PEOPLE

START_SECONDS = 60
# Settings of which the demonstration uses the alternative.
OTHER_WAYS = ("OIDC_CLIENT_SECRET_ARN", "REDSHIFT_CLUSTER", "IDC_APPLICATION_ARN", "BRIDGE_ROLE_ARN")


def demonstrate(config: Config) -> int:
    """Starts both, says where and as whom to sign in, and ends both together."""
    from infra.local.stack import start  # noqa: PLC0415 - a missing package is told in one line

    _require_free(config.app_port, "APP_PORT")
    stack = start(config)
    app = _start_app(config, stack.app_environment)
    try:
        _wait_until_healthy(app, config.app_port)
        print(_banner(config), flush=True)  # noqa: T201 - a command line's answer
        return app.wait()
    finally:
        app.terminate()
        app.wait(10)
        stack.stop()


def _require_free(port: int, setting: str) -> None:
    """A taken port is told before a second is spent on starting."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError.port_in_use(port, setting) from error


def _start_app(config: Config, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    # What a person set for the app itself, such as MAX_ROWS, passes through; whereto it connects does not.
    environment = {name: value for name, value in os.environ.items() if name not in OTHER_WAYS} | settings
    command = [sys.executable, "-m", "infra.local.attended", "run", "app/asgi.py"]
    # A group of its own, so that Ctrl-C reaches it once, through us; and a pipe, by which it ends with us.
    return subprocess.Popen(  # noqa: S603 - our own command
        [*command, f"--server.port={config.app_port}"],
        env=environment,
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def _wait_until_healthy(app: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if app.poll() is not None:
            raise ConfigError(f"The app ended at start with exit status {app.returncode}; its log is above.")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise ConfigError(f"The app did not answer on port {port} within {START_SECONDS} seconds.")


def _banner(config: Config) -> str:
    people = "\n".join(
        f"  {person.name:<14} {person.role:<30} {', '.join(person.groups) or 'no group'}" for person in PEOPLE
    )
    return f"\nRowlight is ready: {config.app_url}\n\nSign in as\n{people}\n\nCtrl-C ends it."


if __name__ == "__main__":
    sys.exit(main(demonstrate))
