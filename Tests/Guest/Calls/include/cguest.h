#pragma once

// What the tests inside a guest need and Swift cannot say.

/// Writes to QEMU's isa-debug-exit, which ends the machine: QEMU's exit status is 2 * code + 1. Returns an errno where
/// there is no such port to write to.
int cguest_end_machine(unsigned char code);
