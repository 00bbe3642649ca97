/* What the dynamic loader has loaded. */
#define _GNU_SOURCE
#include "run.h"
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object's path, by its place among all. */
struct place {
  size_t index;
  char path[1024]; /* empty: that of the program itself, or one that has no room here */
};

static int at_place(struct dl_phdr_info *object, size_t size, void *argument) {
  struct place *place = argument;
  (void)size;
  if (place->index--) return 0;
  int length = snprintf(place->path, sizeof place->path, "%s", object->dlpi_name);
  if ((size_t)length >= sizeof place->path) place->path[0] = 0;
  return 1;
}

/* In an object that is loaded, and in what that was linked against. */
static void *function_in(const char *path, const char *name) {
  // what has no slash is no file's: the loader would look for one
  void *object = strchr(path, '/') ? dlopen(path, RTLD_NOLOAD | RTLD_LAZY) : NULL;
  if (!object) return NULL;
  void *found = dlsym(object, name);
  dlclose(object);
  return found;
}

/* In any object but this one. The loader's lock is not held while one is looked at: the paths are copies. */
static void *function_anywhere(const char *name, const char *here) {
  struct place place;
  for (size_t index = 0;; index++) {
    place.index = index;
    if (!dl_iterate_phdr(at_place, &place)) return NULL;
    void *found = strcmp(place.path, here) ? function_in(place.path, name) : NULL;
    if (found) return found;
  }
}

/*
 * A library that came with a plugin (RTLD_LOCAL) is behind this one for nobody but those that were linked against it: the
 * caller, and where it made the call its last, so that its own caller is seen here, some other object.
 */
void *next_function(const char *name, const void *caller) {
  int before = errno;
  Dl_info at, here;
  void *found = dlsym(RTLD_NEXT, name);
  if (!found && dladdr((void *)next_function, &here)) {
    if (dladdr(caller, &at) && at.dli_fbase != here.dli_fbase) found = function_in(at.dli_fname, name);
    if (!found) found = function_anywhere(name, here.dli_fname);
    // that it was not found at first is nothing of the program's
    dlerror();
  }
  errno = before;
  return found;
}

/* Of the object that has the program's malloc. */
static struct {
  uintptr_t start, end;
} allocator;

static int note_if_allocator(struct dl_phdr_info *object, size_t size, void *unused) {
  uintptr_t start = UINTPTR_MAX, end = 0;
  (void)size, (void)unused;
  for (size_t i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    uintptr_t from = object->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
    if (part->p_type != PT_LOAD) continue;
    if (from < start) start = from;
    if (to > end) end = to;
  }
  if ((uintptr_t)malloc < start || (uintptr_t)malloc >= end) return 0;
  allocator.start = start;
  allocator.end = end;
  return 1;
}

/*
 * Once, at the start: at a call the loader's lock may be with a thread that waits in malloc(3) for a lock of the caller's.
 * An allocator that is loaded later is nobody's malloc.
 */
void note_allocator(void) { dl_iterate_phdr(note_if_allocator, NULL); }

bool is_of_allocator(uintptr_t caller) { return caller >= allocator.start && caller < allocator.end; }
