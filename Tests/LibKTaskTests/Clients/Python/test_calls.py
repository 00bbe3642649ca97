"""What the calls do, and what they tell."""

import ctypes
import errno
import mmap
import os
import unittest

import ktask
from support import MIB, PAGE, Mapping, libc


class CallTests(unittest.TestCase):
    def test_lock_and_release(self):
        with Mapping(4 * MIB) as mapping:
            ktask.lock(mapping.address, 4 * MIB)
            self.assertTrue(all(mapping.resident()))
            with open("/proc/self/status", encoding="ascii") as status:
                locked = next(int(line.split()[1]) for line in status if line.startswith("VmLck:"))
            self.assertGreaterEqual(locked, 4096)
            libc.munlock(ctypes.c_void_p(mapping.address), ctypes.c_size_t(4 * MIB))
            ktask.release(mapping.address, 4 * MIB)
            self.assertFalse(any(mapping.resident()))

    def test_verify(self):
        with Mapping(4 * MIB) as mapping:
            self.fails(errno.ENODATA, ktask.verify, mapping.address, 4 * MIB)
            ktask.populate(mapping.address, 4 * MIB)
            ktask.verify(mapping.address, 4 * MIB, zero=True, nodes=range(8))
            ctypes.memset(mapping.address + MIB + 5, 1, 1)
            error = self.fails(errno.EILSEQ, ktask.verify, mapping.address, 4 * MIB, zero=True)
            self.assertEqual(error.result.failed_offset, MIB + 5)
            self.fails(errno.EXDEV, ktask.verify, mapping.address, 4 * MIB, nodes=[70])

    def test_prefault(self):
        with open(os.memfd_create("test"), "r+b") as file:
            self.assertEqual(ktask.prefault(file).nbytes, 0)
            ktask.prefault(file, 8 * MIB)
            self.assertEqual(os.fstat(file.fileno()).st_blocks * 512, 8 * MIB)
            ktask.prefault(file.fileno(), 4 * MIB, offset=8 * MIB)
            self.assertEqual(os.fstat(file.fileno()).st_size, 12 * MIB)
        with open("/proc/self/stat", "rb") as file:
            self.fails(errno.EOPNOTSUPP, ktask.prefault, file, PAGE)

    def test_plan(self):
        self.assertEqual(ktask.plan(1 << 30, threads=1).threads, 1)
        if ktask.plan(1 << 30).threads > 1:
            self.assertEqual(ktask.plan(1 << 30, max_threads=1).bound, "max_threads")
        self.assertEqual(ktask.plan(MIB).bound, "size")

    def test_options_that_make_no_sense(self):
        for word, value in (
            ("threads", -1), ("timeout", -1), ("timeout", float("nan")), ("policy", "some"), ("nodes", []), ("nodes", -1),
        ):
            self.assertRaises(ValueError, ktask.plan, MIB, **{word: value})
        self.assertRaises(TypeError, ktask.plan, MIB, colour="red")
        self.fails(errno.EINVAL, ktask.plan, MIB, nice=40)

    def test_numbers_that_c_has_no_room_for(self):
        for word in ("threads", "max_threads", "min_chunk", "page_size", "nodes", "nice"):
            for value in (1 << 63, (1 << 64) + 1):
                self.assertRaises(OverflowError, ktask.plan, MIB, **{word: value})
        self.assertRaises(ValueError, ktask.plan, MIB, nice=-(1 << 32) - 1)
        self.assertRaises(TypeError, ktask.plan, MIB, threads=1.5)
        for value in (1 << 63, 1 << 64, (1 << 64) + PAGE):
            self.assertRaises(OverflowError, ktask.plan, value)
        with open(os.memfd_create("test"), "r+b") as file:
            number = file.fileno()
            for words in ((number, (1 << 64) + PAGE), (number, PAGE, 1 << 64), (number + (1 << 32), PAGE)):
                self.assertRaises(OverflowError, ktask.prefault, *words)
            for words in ((number, -PAGE), (number, PAGE, -PAGE)):
                self.assertRaises(ValueError, ktask.prefault, *words)
            for words in ((number, 1.5), (number, PAGE, 1.5), ("file", PAGE)):
                self.assertRaises(TypeError, ktask.prefault, *words)
            self.assertEqual(os.fstat(number).st_size, 0)
        self.assertRaises(OverflowError, ktask.Watch, cancel_fd=1 << 32)
        with Mapping(8 * PAGE) as mapping:
            for words in (
                (mapping.address, 1 << 63), (mapping.address, (1 << 64) + PAGE), (mapping.address + (1 << 64), PAGE),
                ((1 << 64) - PAGE, 2 * PAGE),
            ):
                for call in (ktask.populate, ktask.clear, ktask.release, ktask.lock, ktask.verify):
                    self.assertRaises(OverflowError, call, *words)
            self.assertFalse(any(mapping.resident()))

    def test_a_failure_is_undone(self):
        with Mapping(80 * MIB) as mapping:
            libc.munmap(mapping.address + 79 * MIB, MIB)
            error = self.fails(errno.ENOMEM, ktask.populate, mapping.address, 80 * MIB, min_chunk=2 * MIB)
            self.assertTrue(error.result.undone)
            self.assertFalse(any(mapping.resident(79 * MIB)))
            error = self.fails(errno.ENOMEM, ktask.populate, mapping.address, 80 * MIB, min_chunk=2 * MIB, keep=True)
            self.assertEqual(sum(mapping.resident(79 * MIB)) * PAGE >= error.result.bytes_done, True)

    def test_memory_that_cannot_be_had(self):
        """No signal: what is not there is not looked into. Of a memfd's pages nobody can say that none was there."""
        with Mapping(4 * MIB) as mapping:
            libc.mprotect(ctypes.c_void_p(mapping.address), ctypes.c_size_t(4 * MIB), 0)
            error = self.fails(errno.EINVAL, ktask.populate, mapping.address, 4 * MIB)
            self.assertEqual((error.result.undone, error.result.bytes_undone), (True, 0))
        with open(os.memfd_create("test"), "r+b") as file, Mapping(4 * MIB) as mapping:
            file.truncate(MIB)
            # mapped beyond the file's end, in place of the other mapping
            libc.mmap(mapping.address, 4 * MIB, 3, mmap.MAP_SHARED | 0x10, file.fileno(), 0)
            for call in (ktask.populate, ktask.clear, ktask.lock):
                error = self.fails(errno.EFAULT, call, mapping.address, 4 * MIB)
                self.assertFalse(error.result.undone)
                self.assertEqual(os.fstat(file.fileno()).st_blocks * 512, MIB)

    def test_what_is_refused(self):
        for call, words in ((ktask.prefault, (0, PAGE, 100)), (ktask.prefault, (os.open("/dev/null", os.O_RDWR), PAGE))):
            with self.assertRaises(OSError) as caught:
                call(*words)
            self.assertTrue(caught.exception.result.undone)

    def test_a_time_limit(self):
        with Mapping(64 * MIB) as mapping:
            self.assertRaises(TimeoutError, ktask.populate, mapping.address, 64 * MIB, timeout=0)
            self.assertFalse(any(mapping.resident()))
            ktask.populate(mapping.address, 64 * MIB, timeout=1e300)

    def test_a_watch(self):
        watch = ktask.Watch()
        with Mapping(64 * MIB) as mapping:
            ktask.populate(mapping.address, 64 * MIB, watch=watch)
            self.assertEqual((watch.done, watch.total), (64 * MIB, 64 * MIB))
            ktask.release(mapping.address, 64 * MIB)
            watch.cancel()
            self.fails(errno.ECANCELED, ktask.populate, mapping.address, 64 * MIB, watch=watch)
            self.assertFalse(any(mapping.resident()))

    def test_a_descriptor_cancels(self):
        reading, writing = os.pipe()
        os.write(writing, b"x")
        with Mapping(64 * MIB) as mapping:
            watch = ktask.Watch(cancel_fd=reading)
            self.fails(errno.ECANCELED, ktask.populate, mapping.address, 64 * MIB, watch=watch)

    def test_version(self):
        self.assertEqual(ktask.library_version(), ktask.__version__)

    def test_a_forked_child(self):
        with Mapping(64 * MIB) as mapping:
            ktask.populate(mapping.address, 64 * MIB)
            child = os.fork()
            if child == 0:
                with Mapping(64 * MIB) as other:
                    ktask.populate(other.address, 64 * MIB)
                    os._exit(0 if all(other.resident()) else 1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)

    def fails(self, code, call, *words, **options):
        with self.assertRaises(OSError) as caught:
            call(*words, **options)
        self.assertEqual(caught.exception.errno, code, caught.exception)
        return caught.exception
