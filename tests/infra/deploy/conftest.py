"""The templates, resolved once; the images, built once."""

import fcntl
import os
import pickle

import pytest

from tests.infra.deploy.image import DOCKERFILE, ROOT, Build
from tests.infra.deploy.render import Rendered, rendered


@pytest.fixture(scope="session")
def service() -> Rendered:
    """Both stacks as docs/deploy-ecs.md makes them."""
    return rendered()


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """A stage by its name, built; processes of one test run share what any of them has built."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "images"
    folder.mkdir(exist_ok=True)

    def build(name):
        kept = folder / "build.pickle"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = Build(DOCKERFILE, ROOT, folder)
            if kept.exists():
                made = pickle.loads(kept.read_bytes())  # noqa: S301 - our own
            stage = made.stage(name)
            kept.write_bytes(pickle.dumps(made))
        return stage

    return build
