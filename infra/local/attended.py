"""`streamlit run` for as long as somebody holds the other end of its standard input.

A process that is killed ends no child; its end of a pipe is closed all the same, on every system.
"""

import os
import runpy
import signal
import threading


def _end_with_the_other() -> None:
    os.read(0, 1)  # nobody writes; not by sys.stdin, whose lock this would hold to the very end
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    runpy.run_module("streamlit", run_name="__main__")
