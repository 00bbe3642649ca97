// What this target's calls answer: 0, or the errno of a system call that said -1.
#pragma once
#include <errno.h>

static inline int answer(long result) { return result == -1 ? errno : 0; }
