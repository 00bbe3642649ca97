"""What the package takes for memory, and what it leaves alone of it."""

import mmap
import tempfile
import unittest
from multiprocessing import shared_memory

import ktask
from ktask._memory import Memory
from support import MIB, PAGE, Mapping, address_of, resident

try:
    import numpy
except ImportError:
    numpy = None


class MemoryTests(unittest.TestCase):
    def test_mmap(self):
        memory = mmap.mmap(-1, 64 * PAGE)
        result = ktask.populate(memory)
        self.assertEqual(result.bytes_done, 64 * PAGE)
        self.assertEqual(resident(address_of(memory), 64 * PAGE), [1] * 64)

    def test_the_owner_is_held_only_while_the_call_is_under_way(self):
        memory = mmap.mmap(-1, 80 * MIB)
        held = Memory(memory)
        self.assertRaises(BufferError, memory.close)
        held.release()
        ktask.populate(memory)
        ktask.populate(memory, progress=lambda done, total: None)
        self.assertRaises(ValueError, ktask.populate, memory, threads=-1)
        memory.close()

    def test_only_whole_pages_inside(self):
        memory = mmap.mmap(-1, 4 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        address = address_of(memory)
        part = memoryview(memory)[100 : 3 * PAGE + 100]
        self.assertEqual(ktask.populate(part).nbytes, 2 * PAGE)
        self.assertEqual(resident(address, 4 * PAGE), [0, 1, 1, 0])
        memory[:] = b"x" * (4 * PAGE)
        ktask.clear(part)
        self.assertEqual(memory[:], b"x" * PAGE + bytes(2 * PAGE) + b"x" * PAGE)

    def test_less_than_a_page(self):
        for small in (bytearray(), bytearray(b"x" * 100), memoryview(mmap.mmap(-1, PAGE))[1:]):
            content = bytes(small)
            self.assertEqual(ktask.clear(small).nbytes, 0)
            self.assertEqual(bytes(small), content)

    def test_bytearray(self):
        memory = bytearray(b"x" * (100 * PAGE))
        cleared = ktask.clear(memory).nbytes
        self.assertIn(cleared, (99 * PAGE, 100 * PAGE))
        self.assertEqual(memory.count(0), cleared)
        memory.append(1)  # it may be resized again

    def test_shared_memory(self):
        memory = shared_memory.SharedMemory(create=True, size=8 * MIB)
        try:
            self.assertEqual(ktask.populate(memory).nbytes, 8 * MIB)
            self.assertEqual(ktask.verify(memory, zero=True).bytes_resident, 8 * MIB)
        finally:
            memory.close()
            memory.unlink()

    @unittest.skipIf(numpy is None, "NumPy is not installed")
    def test_numpy(self):
        for order in "CF":
            array = numpy.ones((300, 1000), order=order)
            cleared = ktask.clear(array).nbytes
            self.assertGreater(cleared, 300 * 1000 * 8 - 2 * PAGE)
            self.assertEqual(numpy.count_nonzero(array == 0), cleared // 8)
        self.assertRaises(ValueError, ktask.clear, numpy.ones((300, 1000))[:, ::2])
        # of elements that no buffer can describe
        times = numpy.zeros(1 << 20, dtype="datetime64[s]")
        self.assertGreater(ktask.populate(times).nbytes, 8 * MIB - 2 * PAGE)

    def test_array_interface(self):
        with Mapping(8 * PAGE) as mapping:

            class Array:
                __array_interface__ = {
                    "shape": (4, PAGE // 4), "typestr": "<f8", "data": (mapping.address, False), "version": 3,
                }

            self.assertEqual(ktask.populate(Array()).nbytes, 8 * PAGE)
            Array.__array_interface__["strides"] = (PAGE * 2, 8)
            self.assertEqual(ktask.populate(Array()).nbytes, 8 * PAGE)
            Array.__array_interface__["strides"] = (PAGE * 4, 16)
            self.assertRaises(ValueError, ktask.populate, Array())

    def test_tensor(self):
        with Mapping(8 * PAGE) as mapping:

            class Device:
                type = "cpu"

            class Tensor:
                device = Device()
                data_ptr = staticmethod(lambda: mapping.address)
                is_contiguous = staticmethod(lambda: True)
                element_size = staticmethod(lambda: 4)
                numel = staticmethod(lambda: 2 * PAGE)

            self.assertEqual(ktask.populate(Tensor()).nbytes, 8 * PAGE)
            Tensor.is_contiguous = staticmethod(lambda: False)
            self.assertRaises(ValueError, ktask.populate, Tensor())
            Device.type = "cuda"
            self.assertRaises(ValueError, ktask.populate, Tensor())

    def test_address(self):
        with Mapping(8 * PAGE) as mapping:
            self.assertEqual(ktask.populate(mapping.address, 3 * PAGE).nbytes, 3 * PAGE)
            self.assertEqual(mapping.resident(), [1] * 3 + [0] * 5)
            self.assertRaises(TypeError, ktask.populate, mapping.address)
        for address, nbytes in ((0, PAGE), (-PAGE, PAGE), (PAGE, -1)):
            self.assertRaises(ValueError, ktask.populate, address, nbytes)

    def test_a_part(self):
        memory = mmap.mmap(-1, 8 * PAGE)
        self.assertEqual(ktask.populate(memory, 2 * PAGE).nbytes, 2 * PAGE)
        self.assertEqual(resident(address_of(memory), 8 * PAGE), [1] * 2 + [0] * 6)
        self.assertRaises(ValueError, ktask.populate, memory, 8 * PAGE + 1)

    def test_something_else(self):
        for other in ("text", 1.5, None, [1, 2]):
            self.assertRaises(TypeError, ktask.populate, other, PAGE)

    def test_what_may_only_be_read(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * (8 * PAGE))
            file.flush()
            memory = mmap.mmap(file.fileno(), 8 * PAGE, access=mmap.ACCESS_READ)
            self.assertEqual(ktask.populate(memory).nbytes, 8 * PAGE)
            for call in (ktask.clear, ktask.release):
                self.assertRaises(BufferError, call, memory)
                self.assertRaises(BufferError, call, bytes(8 * PAGE))
