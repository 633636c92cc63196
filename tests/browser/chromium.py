"""Chromium as the tests start it."""

import os
import shutil

from tests import proxies

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    f"--host-resolver-rules=MAP {proxies.NAME} 127.0.0.1",
]
# Smooth edges of a map take software several times as long to draw, and no test looks at them.
UNSMOOTHED = "--webgl-antialiasing-mode=none"


def path() -> str | None:
    """What CHROMIUM names, or Debian's, whose shell without a window takes a third less processor."""
    names = [os.environ.get("CHROMIUM", ""), "chromium-headless-shell", "chromium"]
    return next((path for name in names if name and (path := shutil.which(name))), None)
