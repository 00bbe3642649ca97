"""Memory that is no Python object's, and what the kernel says of it."""

import ctypes
import mmap
import os

PAGE = mmap.PAGESIZE
MIB = 1 << 20
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


class Mapping:
    """Private anonymous memory of base pages, without a Python object around it."""

    def __init__(self, length):
        self.length = length
        private, no_huge_pages = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 15
        self.address = libc.mmap(None, length, mmap.PROT_READ | mmap.PROT_WRITE, private, -1, 0)
        libc.madvise(ctypes.c_void_p(self.address), ctypes.c_size_t(length), no_huge_pages)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        libc.munmap(self.address, self.length)

    def resident(self, length=None):
        """Which pages are there, as the kernel says."""
        return resident(self.address, length or self.length)


def resident(address, length):
    pages = ctypes.create_string_buffer(length // PAGE)
    if libc.mincore(address, length, pages) != 0:
        raise OSError(ctypes.get_errno(), "mincore")
    return [byte & 1 for byte in pages.raw[: length // PAGE]]


def address_of(buffer):
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
