"""What a caller hands over as memory: where it begins, how long it is, and that it stays while a call is under way."""

import ctypes
import math
import mmap
import re
import sys
from typing import Any, Optional

from ._options import whole

_PAGE = mmap.PAGESIZE


class _Buffer(ctypes.Structure):
    """Py_buffer"""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


# PyBUF_ANY_CONTIGUOUS: rows or columns first, without gaps, read-only ones too
_ANY_CONTIGUOUS = 0x98
_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int]
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = [ctypes.POINTER(_Buffer)]
_release_buffer.restype = None


class Memory:
    """A range of memory. Until `release` its owner can neither resize nor close it, where it has a buffer to be held."""

    def __init__(self, source: Any, nbytes: Optional[int] = None):
        self._buffer: Optional[_Buffer] = None
        self._source = source
        self.readonly = False
        try:
            self._take(source, nbytes)
        except BaseException:
            self.release()
            raise

    def _take(self, source: Any, nbytes: Optional[int]) -> None:
        if isinstance(source, int):
            if nbytes is None:
                raise TypeError("an address needs a number of bytes")
            self.address, self.length = source, whole("nbytes", nbytes)
        else:
            self._find(source)
            if nbytes is not None:
                if nbytes > self.length:
                    raise ValueError(f"{nbytes} bytes of {self.length}")
                self.length = whole("nbytes", nbytes)
        if self.length < 0 or (self.address <= 0 and self.length > 0):
            raise ValueError(f"{self.length} bytes at address {self.address}")
        if self.length > sys.maxsize or self.address + self.length > 1 << 64:
            raise OverflowError(f"{self.length} bytes at address {self.address}")

    def _find(self, source: Any) -> None:
        # multiprocessing.shared_memory has its buffer in a member
        inner = getattr(source, "buf", None)
        holder = inner if isinstance(inner, memoryview) else source
        if _has_buffer(holder):
            self._hold(holder)
        elif hasattr(source, "data_ptr"):
            self._find_tensor(source)
        elif hasattr(source, "__array_interface__"):
            self._find_array(source.__array_interface__)
        else:
            raise TypeError(f"{type(source).__name__} is no buffer, no array, no tensor and no address")

    def _hold(self, holder: Any) -> None:
        buffer = _Buffer()
        _get_buffer(holder, ctypes.byref(buffer), _ANY_CONTIGUOUS)
        self._buffer = buffer
        # without a byte it may have no address
        self.address, self.length, self.readonly = buffer.buf or _PAGE, buffer.len, bool(buffer.readonly)

    def _find_tensor(self, tensor: Any) -> None:
        """PyTorch's, and what looks like one."""
        device = getattr(getattr(tensor, "device", None), "type", "cpu")
        if device != "cpu":
            raise ValueError(f"a tensor on {device} is not in this process's memory")
        if not tensor.is_contiguous():
            raise ValueError("the tensor is not contiguous")
        self.address, self.length = tensor.data_ptr(), tensor.element_size() * tensor.numel()

    def _find_array(self, interface: Any) -> None:
        data = interface.get("data")
        if not isinstance(data, tuple):
            raise TypeError("an __array_interface__ without an address")
        element = re.match(r"[<>=|]([A-Za-z])(\d+)", interface["typestr"])
        if element is None or element[1] == "t":
            raise TypeError(f"elements of {interface['typestr']}")
        # text is counted in characters of four bytes
        shape, size = interface["shape"], int(element[2]) * (4 if element[1] == "U" else 1)
        strides, step = interface.get("strides"), size
        for count, stride in zip(reversed(shape), reversed(strides or ())):
            if count > 1 and stride != step:
                raise ValueError("the array is not contiguous")
            step *= count
        self.address, self.readonly = data[0], bool(data[1])
        self.length = math.prod(shape) * size

    @property
    def pages(self) -> range:
        """Addresses of the whole pages in it."""
        start = (self.address + _PAGE - 1) // _PAGE * _PAGE
        return range(start, max(start, (self.address + self.length) // _PAGE * _PAGE))

    def release(self) -> None:
        """Lets the owner do with it what it wants again."""
        buffer, self._buffer = self._buffer, None
        if buffer is not None:
            _release_buffer(ctypes.byref(buffer))


def _has_buffer(holder: Any) -> bool:
    try:
        memoryview(holder).release()
    except (TypeError, ValueError):  # ValueError: an array of elements that a memoryview cannot describe
        return False
    return True
