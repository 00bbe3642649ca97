#pragma once

/// Marks a call as free of allocation, reference counting and Swift locks, so that a chunk may make it.
#ifdef __swift__
#define CLINUX_NOLOCKS __attribute__((swift_attr("@_noLocks")))
#else
#define CLINUX_NOLOCKS
#endif
