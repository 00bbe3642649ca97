"""libktask.so.1: where it is, its structures and its functions, as ktask.h has them."""

import ctypes
import os
from ctypes import c_char_p, c_int, c_size_t, c_uint, c_uint64, c_ulong, c_void_p

NAME = "libktask.so.1"

# flags of the options
NICE = 1 << 1
NO_LEND = 1 << 2
IGNORE_POWER = 1 << 3
KEEP = 1 << 4
PREFLIGHT = 1 << 5
HUGE = 1 << 6
NO_HUGE = 1 << 7
ZERO = 1 << 8
READ = 1 << 9

# mbind(2)'s numbers
POLICIES = {"preferred": 1, "bind": 2, "interleave": 3}

# enum ktask_bound, in its order
BOUNDS = (
    "none", "size", "cpus", "cpuset", "cores", "quota", "power", "max_threads", "helpers", "alignment", "off",
    "requested", "thread_creation",
)


class WatchStructure(ctypes.Structure):
    """struct ktask_watch"""

    _fields_ = [
        ("kw_size", c_size_t),
        ("kw_done", c_size_t),
        ("kw_total", c_size_t),
        ("kw_cancelled", c_int),
        ("kw_cancel_fd", c_int),
    ]


class OptionsStructure(ctypes.Structure):
    """struct ktask_options"""

    _fields_ = [
        ("ko_size", c_size_t),
        ("ko_flags", c_uint),
        ("ko_nice", c_int),
        ("ko_threads", c_size_t),
        ("ko_max_threads", c_size_t),
        ("ko_min_chunk", c_size_t),
        ("ko_page_size", c_size_t),
        ("ko_timeout_ns", c_uint64),
        ("ko_lingering_ns", c_uint64),
        ("ko_nodemask", ctypes.POINTER(c_ulong)),
        ("ko_maxnode", c_ulong),
        ("ko_policy", c_int),
        ("ko_watch", ctypes.POINTER(WatchStructure)),
    ]


class ResultStructure(ctypes.Structure):
    """struct ktask_result"""

    _fields_ = [
        ("kr_size", c_size_t),
        ("kr_bytes_done", c_size_t),
        ("kr_bytes_undone", c_size_t),
        ("kr_undone", c_int),
        ("kr_bound", c_int),
        ("kr_threads", c_size_t),
        ("kr_chunk", c_size_t),
        ("kr_nanoseconds", c_uint64),
        ("kr_bytes_resident", c_size_t),
        ("kr_failed_offset", c_size_t),
        ("kr_failed_length", c_size_t),
    ]


def _load() -> ctypes.CDLL:
    """What KTASK_LIBRARY names; else the one that came with this package; else the system's."""
    named = os.environ.get("KTASK_LIBRARY")
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME)
    path = named or (beside if os.path.exists(beside) else NAME)
    try:
        return ctypes.CDLL(path, use_errno=True)
    except OSError as error:
        raise ImportError(
            f"ktask: {error}; install libktask1, or let KTASK_LIBRARY name the library", name="ktask", path=path
        ) from error


library = _load()

_options = ctypes.POINTER(OptionsStructure)
_result = ctypes.POINTER(ResultStructure)
for _name in ("populate", "clear", "release", "lock", "verify"):
    getattr(library, f"ktask_{_name}").argtypes = [c_void_p, c_size_t, _options, _result]
library.ktask_prefault_fd.argtypes = [c_int, c_size_t, c_size_t, _options, _result]
library.ktask_plan.argtypes = [c_size_t, _options, _result]
library.ktask_version.argtypes = []
library.ktask_version.restype = c_char_p
