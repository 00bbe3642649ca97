"""Words in, struct ktask_options out."""

import ctypes
import operator
from typing import Any, Callable, Iterable, Optional, Union

from . import _library

Progress = Callable[[int, int], Any]

_INT = 1 << 31


class Watch:
    """A window on a call that is under way, for other threads: give it as `watch=`. Once cancelled, it cancels every call
    that is given it."""

    def __init__(self, cancel_fd: int = -1):
        """cancel_fd: the call is cancelled, too, when this descriptor can be read."""
        size = ctypes.sizeof(_library.WatchStructure)
        self._structure = _library.WatchStructure(kw_size=size, kw_cancel_fd=descriptor("cancel_fd", cancel_fd))

    def cancel(self) -> None:
        """Lets no more chunks be begun: the call undoes what is done, and raises OSError with ECANCELED."""
        self._structure.kw_cancelled = 1

    @property
    def done(self) -> int:
        """Bytes that are done."""
        return self._structure.kw_done

    @property
    def total(self) -> int:
        """Of how many; 0 before the call has begun."""
        return self._structure.kw_total

    @property
    def cancelled(self) -> bool:
        return bool(self._structure.kw_cancelled)


class Options:
    """One call's options. What they point to lives as long as they do."""

    def __init__(
        self,
        *,
        threads: int = 0,
        max_threads: int = 0,
        min_chunk: int = 0,
        page_size: int = 0,
        timeout: Optional[float] = None,
        lingering: float = 0,
        nodes: Union[int, Iterable[int], None] = None,
        policy: str = "bind",
        huge: Optional[bool] = None,
        read: bool = False,
        zero: bool = False,
        keep: bool = False,
        preflight: bool = False,
        nice: Optional[int] = None,
        lend: bool = True,
        ignore_power: bool = False,
        progress: Optional[Progress] = None,
        watch: Optional[Watch] = None,
    ):
        self.progress = progress
        self.watch = watch
        flags = {
            _library.NICE: nice is not None,
            _library.NO_LEND: not lend,
            _library.IGNORE_POWER: ignore_power,
            _library.KEEP: keep,
            _library.PREFLIGHT: preflight,
            _library.HUGE: huge is True,
            _library.NO_HUGE: huge is False,
            _library.ZERO: zero,
            _library.READ: read,
        }
        if policy not in _library.POLICIES:
            raise ValueError(f"policy is one of {', '.join(_library.POLICIES)}, and not {policy!r}")
        self.structure = _library.OptionsStructure(
            ko_size=ctypes.sizeof(_library.OptionsStructure),
            ko_flags=sum(flag for flag, is_set in flags.items() if is_set),
            ko_nice=whole("nice", nice or 0, least=-_INT, most=_INT - 1),
            ko_threads=whole("threads", threads),
            ko_max_threads=whole("max_threads", max_threads),
            ko_min_chunk=whole("min_chunk", min_chunk),
            ko_page_size=whole("page_size", page_size),
            # no time at all is the shortest there is, and not "no limit"
            ko_timeout_ns=0 if timeout is None else max(1, _nanoseconds("timeout", timeout)),
            ko_lingering_ns=_nanoseconds("lingering", lingering),
            ko_policy=_library.POLICIES[policy],
        )
        if nodes is not None:
            self._put(nodes)

    def _put(self, nodes: Union[int, Iterable[int]]) -> None:
        # as many as the library takes, far more than the kernel has
        numbers = [whole("nodes", node, most=(1 << 15) - 1) for node in ([nodes] if isinstance(nodes, int) else nodes)]
        if not numbers:
            raise ValueError("nodes: none are given")
        bits = 8 * ctypes.sizeof(ctypes.c_ulong)
        words = [0] * (max(numbers) // bits + 1)
        for number in numbers:
            words[number // bits] |= 1 << number % bits
        self._mask = (ctypes.c_ulong * len(words))(*words)
        self.structure.ko_nodemask = self._mask
        # one more than the bits, as mbind(2) has it
        self.structure.ko_maxnode = len(words) * bits + 1

    def watched(self) -> Watch:
        """The caller's watch, or one of the call's own."""
        self.watch = self.watch or Watch()
        self.structure.ko_watch = ctypes.pointer(self.watch._structure)
        return self.watch


def whole(name: str, value: Any, least: int = 0, most: int = (1 << 63) - 1) -> int:
    """A number that C has room for, of which ctypes would cut off what is too large."""
    number = operator.index(value)
    if number > most:
        raise OverflowError(f"{name} is {number}, and {most} at most")
    if number < least:
        raise ValueError(f"{name} is {number}")
    return number


def descriptor(name: str, value: Any) -> int:
    """A file descriptor's number; whether there is such a one is the kernel's affair."""
    return whole(name, value, least=-_INT, most=_INT - 1)


def _nanoseconds(name: str, seconds: float) -> int:
    # what is longer than the clock counts is for ever
    if not seconds >= 0:
        raise ValueError(f"{name} is {seconds}")
    return int(min(seconds, 1 << 32) * 1e9)
