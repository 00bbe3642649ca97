"""One call of the library, with whoever waits for it told and heard."""

import _thread
import ctypes
import threading
from typing import Callable, Optional, Tuple

from ._library import ResultStructure
from ._options import Options, Progress, Watch

# bytes: what takes less than some hundredths of a second is over before anybody would interrupt it
_LONG = 64 << 20
# seconds between two calls of a progress function
_INTERVAL = 0.1

Function = Callable[..., int]


def perform(
    function: Function, words: Tuple[int, ...], options: Options, nbytes: int, let_go: Callable[[], None]
) -> Tuple[int, ResultStructure]:
    """The call's errno, 0 when all is done, and what came of it. `let_go`, always called, in the end: when nothing is
    under way any more on the caller's memory."""
    result = ResultStructure(kr_size=ctypes.sizeof(ResultStructure))

    def call() -> int:
        ctypes.set_errno(0)
        failed = function(*words, ctypes.byref(options.structure), ctypes.byref(result))
        return ctypes.get_errno() if failed else 0

    interruptible = nbytes >= _LONG and threading.current_thread() is threading.main_thread()
    if options.progress is not None or interruptible:
        return _Background(call, options.watched(), let_go).wait(options.progress, nbytes), result
    try:
        if options.watch is not None:
            options.watched()
        return call(), result
    finally:
        let_go()


class _Background:
    """A call in a thread of its own, while this one waits: Python runs signal handlers in its main thread, and only
    between two of its own steps."""

    def __init__(self, call: Callable[[], int], watch: Watch, let_go: Callable[[], None]):
        self._call = call
        self._watch = watch
        self._let_go = let_go
        self._error = 0
        self._trouble: Optional[BaseException] = None
        self._is_over = False
        self._begun = threading.Lock()
        self._over = threading.Lock()
        self._over.acquire()

    def wait(self, progress: Optional[Progress], nbytes: int) -> int:
        """The call's errno. Whatever is raised meanwhile (by Ctrl-C, by another signal's handler, by the progress
        function) cancels it, and is raised when the call has undone what it did."""
        try:
            self._start()
            if progress is None:
                self._over.acquire()
            else:
                self._tell(progress, nbytes)
        except BaseException:
            self._end()
            raise
        if self._trouble is not None:
            raise self._trouble
        return self._error

    def _start(self) -> None:
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:  # no more threads for this process: so nobody can interrupt it
            self._run()

    def _run(self) -> None:
        """Once only."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            self._error = self._call()
        except BaseException as trouble:
            self._trouble = trouble
        finally:
            self._let_go()
            self._is_over = True
            self._over.release()

    def _tell(self, progress: Progress, nbytes: int) -> None:
        progress(0, nbytes)
        while not self._over.acquire(timeout=_INTERVAL):
            progress(self._watch.done, nbytes)
        progress(self._watch.done, nbytes)

    def _end(self) -> None:
        """Whatever else comes, a second Ctrl-C, too: nothing works on the caller's memory afterwards."""
        while not self._is_over:
            try:
                self._watch.cancel()
                self._run()  # where the thread was not even started; cancelled, it does nothing
                self._over.acquire(timeout=_INTERVAL)
            except BaseException:
                continue
