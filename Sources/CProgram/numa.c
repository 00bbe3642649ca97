#include "cprogram.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// libnuma calls a program's numa_warn and numa_error where it has them (numa(3)), from before main on; its own write to
// standard error, which is the program's.
static _Thread_local char words[256];
static _Thread_local bool is_taken = true;

const char *cprogram_libnuma_words(void) {
  bool is_new = !is_taken && words[0];
  is_taken = true;
  return is_new ? words : NULL;
}

void numa_warn(int number, char *format, ...) {
  (void)number;
  if (!is_taken) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  words[strcspn(words, "\n")] = 0;
  is_taken = false;
}

// Of a call whose failure libnuma does not tell its caller; what matters of it shows in what follows.
void numa_error(char *call) { (void)call; }
