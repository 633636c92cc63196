"""An endpoint in a process of its own, with a clock that can be moved: moto's state is the process's.

Says on one line of its output where it is; for each line of its input that is a number of seconds, moves
its clock by so many from the true time and says "moved".
"""

import json
import logging
import sys
import threading
import time

from moto.dynamodb.models.table import Table

from infra.local.aws.front import create_endpoint
from infra.local.config import Config
from infra.local.serving import create_server
from infra.local.warehouse import Redshift

# Less than the five minutes that a clock may be wrong: a test can look beyond it.
IDC_TOKEN_SECONDS = 240
# Between the read of an item and the write that it decides: long enough for all the others to read, too.
READ_SECONDS = 0.005


def read_slowly() -> None:
    get_item = Table.get_item

    def slow(*arguments, **more):
        found = get_item(*arguments, **more)
        time.sleep(READ_SECONDS)
        return found

    Table.get_item = slow


def main(log_file: str) -> None:
    logging.basicConfig(filename=log_file, level=logging.DEBUG)
    read_slowly()
    offset = [0.0]
    endpoint = create_endpoint(
        Config(idc_token_seconds=IDC_TOKEN_SECONDS),
        redshift=Redshift(),
        clock=lambda: time.time() + offset[0],
    )
    endpoint.settings["SETTING"] = "of the runner"
    server = create_server(endpoint, port=0, threads=8)
    threading.Thread(target=server.run, daemon=True).start()
    said = {
        "port": server.effective_port,
        "key": endpoint.administrator.access_key_id,
        "secret": endpoint.administrator.secret_access_key,
        "instance_arn": endpoint.instance_arn,
        "identity_store_id": endpoint.identity_store_id,
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        if line.strip() == "ready":
            endpoint.ready = True
        else:
            offset[0] = float(line)
        sys.stdout.write("moved\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
