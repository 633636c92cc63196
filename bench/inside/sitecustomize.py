"""In the app's own process: how many objects it holds, now and then, into a file.

Python imports this by itself where PYTHONPATH leads here (bench/soak.py).
"""

import gc
import os
import threading
import time
from pathlib import Path


def _count(into: Path, pause: float) -> None:
    while True:
        time.sleep(pause)
        # Into another file first, so that whoever reads finds a whole number.
        (fresh := into.with_suffix(".new")).write_text(str(len(gc.get_objects())))
        fresh.replace(into)


if told := os.environ.pop("BENCH_OBJECTS", ""):
    threading.Thread(target=_count, args=(Path(told), 5.0), daemon=True).start()
