"""In the app's own process: how many blocks of memory Python has in use, now and then, into a file.

Python imports this by itself where PYTHONPATH leads here (bench/soak.py). It looks at no object: whoever
holds one that another thread is about to make, makes that thread fail.
"""

import os
import sys
import threading
import time
from pathlib import Path


def _count(into: Path, pause: float) -> None:
    while True:
        # Into another file first, so that whoever reads finds a whole number.
        (fresh := into.with_suffix(".new")).write_text(str(sys.getallocatedblocks()))
        fresh.replace(into)
        time.sleep(pause)


if told := os.environ.pop("BENCH_BLOCKS", ""):
    threading.Thread(target=_count, args=(Path(told), 5.0), daemon=True).start()
