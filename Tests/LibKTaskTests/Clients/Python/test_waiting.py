"""Progress, Ctrl-C, and other threads meanwhile."""

import os
import signal
import sys
import threading
import time
import unittest

import ktask
from support import MIB, Mapping


class WaitingTests(unittest.TestCase):
    def test_progress(self):
        told, threads = [], set()

        def progress(done, total):
            told.append((done, total))
            threads.add(threading.get_ident())

        with Mapping(128 * MIB) as mapping:
            ktask.populate(mapping.address, 128 * MIB, progress=progress)
        self.assertEqual((told[0], told[-1]), ((0, 128 * MIB), (128 * MIB, 128 * MIB)))
        self.assertEqual(told, sorted(told))
        self.assertEqual(threads, {threading.get_ident()})

    def test_a_progress_function_that_raises(self):
        def progress(done, total):
            raise KeyError("mine")

        with Mapping(1024 * MIB) as mapping:
            self.assertRaises(KeyError, ktask.populate, mapping.address, 1024 * MIB, progress=progress, threads=1)
            self.assertFalse(any(mapping.resident()))

    def test_ctrl_c(self):
        """In a child, whose main thread waits in a call: it is cancelled, undone, and KeyboardInterrupt is raised."""
        child = os.fork()
        if child == 0:
            try:
                os._exit(self.interrupted())
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(9)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    @staticmethod
    def interrupted():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        size = 1024 * MIB
        # on a machine with much else to do the call may be done before the signal comes
        for _ in range(50):
            watch = ktask.Watch()

            def interrupt():
                while watch.done == 0:
                    time.sleep(0)
                os.kill(os.getpid(), signal.SIGINT)

            with Mapping(size) as mapping:
                thread = threading.Thread(target=interrupt)
                thread.start()
                try:
                    ktask.populate(mapping.address, size, watch=watch, threads=1)
                    thread.join()
                    time.sleep(1)  # it is interrupted here, in place of there
                except KeyboardInterrupt:
                    pass
                else:
                    return 2
                finally:
                    thread.join()
                if not watch.cancelled:
                    continue
                if not any(mapping.resident()):
                    return 0
                if not all(mapping.resident()):
                    return 3
        return 4

    def test_other_threads_go_on(self):
        """A call that is made directly, on a thread that is not the main one, keeps no other thread from running."""
        is_inside, steps, rounds = False, 0, 0

        def work():
            nonlocal is_inside
            with Mapping(256 * MIB) as mapping:
                is_inside = True
                ktask.populate(mapping.address, 256 * MIB)
                is_inside = False

        while steps < 100 and rounds < 20:
            rounds += 1
            thread = threading.Thread(target=work)
            thread.start()
            while thread.is_alive():
                steps += is_inside
                time.sleep(0)
        self.assertGreaterEqual(steps, 100)

    def test_many_threads_at_once(self):
        failed = []

        def work():
            try:
                with Mapping(32 * MIB) as mapping:
                    ktask.populate(mapping.address, 32 * MIB)
                    ktask.verify(mapping.address, 32 * MIB, zero=True)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
