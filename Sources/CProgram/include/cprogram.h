// What a program has one of, and no library may have: a constructor, and the functions that libnuma calls by name.
#pragma once

#include <stdbool.h>

/// The words of this process's command line, its name first, as main got them: Swift's own are read from /proc, which may
/// not be mounted.
int cprogram_word_count(void);
/// NULL: there are not so many.
const char *_Nullable cprogram_word(int index);

/// What libnuma had to say on the calling thread since this was last asked, in its first sentence; NULL for nothing. Valid
/// until libnuma says something on that thread again.
const char *_Nullable cprogram_libnuma_words(void);

/// What a file is to execve(2).
enum cprogram_kind {
  /// With a loader, whose path is the interpreter.
  CPROGRAM_DYNAMIC,
  /// Without one.
  CPROGRAM_STATIC,
  /// A program of another word size, byte order or processor.
  CPROGRAM_OTHER_MACHINE,
  /// What an interpreter reads.
  CPROGRAM_SCRIPT,
  /// None of these: a shell may take it for a script.
  CPROGRAM_OTHER,
};

struct cprogram_file {
  enum cprogram_kind kind;
  /// Set-user-ID, set-group-ID or capabilities that its caller has not: the loader takes no library from LD_PRELOAD.
  bool gains_rights;
  char interpreter[4096];
};

/// Looks at a program's file. An errno; 0: done. EACCES: it may be executed and not be read, and nothing is known of it.
int cprogram_look(const char *_Nonnull path, struct cprogram_file *_Nonnull found);
