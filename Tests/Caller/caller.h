// A program that makes large memory calls as other people's programs do, and tells what came of them: the same words
// whether `ktaskctl run` started it or not.
#ifndef CALLER_H
#define CALLER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../Sources/CKTaskRun/numbers.h"

// A scenario: its name, and what it does with the words behind that.
struct scenario {
  const char *name;
  void (*run)(char **words);
};
extern const struct scenario mapping_scenarios[], locking_scenarios[], file_scenarios[], process_scenarios[],
    simultaneous_scenarios[], interrupted_scenarios[];

// Large enough to be made parallel.
#define SIZE ((size_t)96 << 20)

enum { ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS, BOTH = PROT_READ | PROT_WRITE };

void tell(const char *what, long result);         // the result and errno
void tell_pages(const void *start, size_t length); // which pages are there, the mappings' flags, what is dirty
void *room(size_t length); // between pages that cannot be had, so that no neighbour becomes one with what is put there
void *mapped(size_t length, int protection, int flags, int file);
int opened(const char *path, int flags);
void limit(int resource, size_t bytes);           // and without the capabilities that are above it

#endif
