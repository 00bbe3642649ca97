// Between this library and the preload of `ktaskctl run`, which come together. Not installed.
#pragma once

/// Of a control object's flags: the thread function needs little stack, and helpers have no more than for memory calls.
enum { KTASK_SMALL_STACKS = 1 << 30 };
