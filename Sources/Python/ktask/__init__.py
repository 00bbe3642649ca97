"""Work on large amounts of memory with many threads, by libktask: ktask(3) tells more.

>>> import mmap, ktask
>>> memory = mmap.mmap(-1, 1 << 30)
>>> ktask.populate(memory).threads  # doctest: +SKIP
2

Memory is an object with a buffer (mmap, bytearray, array, memoryview, a NumPy array), a
multiprocessing.shared_memory.SharedMemory, an object with `__array_interface__`, a tensor of PyTorch's on the CPU, or an
address with a number of bytes. **Only whole pages inside it are touched**: up to one page less a byte at either end is left
as it is. `nbytes` takes the first so many bytes only.

Every call returns a Result, or raises OSError with the kernel's errno, whose `result` says what was done and undone:
ENOMEM, ECANCELED, ETIMEDOUT (a TimeoutError) … After a failure pages that the call added are given back, unless `keep`.

Other Python threads run meanwhile. Ctrl-C in the main thread cancels a call, which undoes what it did, and raises
KeyboardInterrupt; a call that is just done stays done.

Options of every call, each with what is usual as its default:
  threads        exactly so many, as far as there are CPUs
  max_threads    no more than so many
  min_chunk      bytes for which another thread is worth its while
  page_size      of the mapping, in bytes
  timeout        seconds
  lingering      seconds that helper threads wait for the next call
  nodes          a NUMA node, or several; policy: "bind" (an equal part each), "interleave", "preferred"
  huge           True, False: transparent huge pages are asked for, or base pages
  keep           what is done stays when the call fails
  preflight      refuse at once (ENOMEM) what cannot fit
  nice           of the helpers; lend=False: the caller lends its priority to none
  ignore_power   helpers although a CPU is set to save energy
  progress       progress(done, total), in bytes, called in the calling thread from time to time
  watch          a Watch, for other threads
"""

import ctypes
import os
from dataclasses import dataclass
from typing import Any, Optional

from ._call import Function, perform
from ._library import BOUNDS, ResultStructure, library
from ._memory import Memory
from ._options import Options, Watch, descriptor, whole

__all__ = [
    "Result", "Watch", "clear", "library_version", "lock", "plan", "populate", "prefault", "release", "verify",
]
__version__ = "1.0.0"


@dataclass(frozen=True)
class Result:
    """What came of a call. Bytes are those of whole pages."""

    nbytes: int
    bytes_done: int
    bytes_undone: int
    undone: bool
    """Whether all that a failed call had added was given back."""
    threads: int
    bound: str
    """What kept the number of threads from being larger: "size", "cpus", "quota" …"""
    chunk: int
    seconds: float
    bytes_resident: int
    """verify() alone: bytes of pages that are there."""
    failed_offset: int
    """From the first whole page to the first failure, or to the first byte that is not as demanded."""
    failed_length: int


def populate(memory: Any, nbytes: Optional[int] = None, **options: Any) -> Result:
    """Makes every page present. Content stays. `read=True`: by reading, so that no page of a file becomes dirty, which
    is also what happens to memory that may only be read."""
    return _on_memory(library.ktask_populate, memory, nbytes, options, writes=False)


def clear(memory: Any, nbytes: Optional[int] = None, **options: Any) -> Result:
    """Makes every page present and zero, in place."""
    return _on_memory(library.ktask_clear, memory, nbytes, options)


def release(memory: Any, nbytes: Optional[int] = None, **options: Any) -> Result:
    """Gives pages back: their content is lost, and reads as zero where no file on disk is behind it. There is no undo."""
    return _on_memory(library.ktask_release, memory, nbytes, options)


def lock(memory: Any, nbytes: Optional[int] = None, **options: Any) -> Result:
    """Makes every page present and locks it, as mlock(2) does, until it is unmapped or munlock(2) is called."""
    return _on_memory(library.ktask_lock, memory, nbytes, options, writes=False)


def verify(memory: Any, nbytes: Optional[int] = None, **options: Any) -> Result:
    """Demands that every page is there (else ENODATA), with `zero=True` that every byte is zero (EILSEQ), with `nodes`
    that every page lies on one of those (EXDEV). Makes no page."""
    return _on_memory(library.ktask_verify, memory, nbytes, options, writes=False)


def prefault(file: Any, nbytes: Optional[int] = None, offset: int = 0, **options: Any) -> Result:
    """Gives every page of a tmpfs, hugetlbfs or memfd file its memory. `file` is a descriptor, or has a `fileno()`; the
    default is all of it. It grows as far as need be. `offset` and `nbytes` are whole pages of the file's."""
    number = descriptor("file", file.fileno() if hasattr(file, "fileno") else file)
    offset = whole("offset", offset)
    nbytes = max(0, os.fstat(number).st_size - offset) if nbytes is None else whole("nbytes", nbytes)
    return _call(library.ktask_prefault_fd, (number, offset, nbytes), Options(**options), nbytes)


def plan(nbytes: int, **options: Any) -> Result:
    """What a call on so many bytes would do now: `threads`, `bound`, `chunk`. Touches nothing."""
    nbytes = whole("nbytes", nbytes)
    result = ResultStructure(kr_size=ctypes.sizeof(ResultStructure))
    if library.ktask_plan(nbytes, ctypes.byref(Options(**options).structure), ctypes.byref(result)):
        raise _error(ctypes.get_errno(), result, nbytes)
    return _result(result, nbytes)


def library_version() -> str:
    """Of libktask, such as "1.0.0"."""
    return str(library.ktask_version().decode())


def _on_memory(function: Function, source: Any, nbytes: Optional[int], words: Any, writes: bool = True) -> Result:
    """`writes`: content changes, which memory that may only be read does not allow."""
    memory = Memory(source, nbytes)
    try:
        if memory.readonly and writes:
            raise BufferError("the memory may only be read")
        if memory.readonly and function is library.ktask_populate:
            words = {**words, "read": True}
        options = Options(**words)
        pages = memory.pages
    except BaseException:
        memory.release()
        raise
    return _call(function, (pages.start, len(pages)), options, len(pages), memory)


def _call(function: Function, words: Any, options: Options, nbytes: int, memory: Optional[Memory] = None) -> Result:
    error, result = perform(function, words, options, nbytes, memory.release if memory else lambda: None)
    if error:
        raise _error(error, result, nbytes)
    return _result(result, nbytes)


def _error(error: int, result: ResultStructure, nbytes: int) -> OSError:
    trouble = OSError(error, os.strerror(error))
    trouble.result = _result(result, nbytes)  # type: ignore[attr-defined]
    return trouble


def _result(result: ResultStructure, nbytes: int) -> Result:
    return Result(
        nbytes=nbytes,
        bytes_done=result.kr_bytes_done,
        bytes_undone=result.kr_bytes_undone,
        undone=bool(result.kr_undone),
        threads=result.kr_threads,
        bound=BOUNDS[result.kr_bound] if result.kr_bound < len(BOUNDS) else str(result.kr_bound),
        chunk=result.kr_chunk,
        seconds=result.kr_nanoseconds / 1e9,
        bytes_resident=result.kr_bytes_resident,
        failed_offset=result.kr_failed_offset,
        failed_length=result.kr_failed_length,
    )
