#include "cprogram.h"
#include <stddef.h>

static char **words;
static int word_count;

// glibc hands main's arguments to constructors, too
__attribute__((constructor)) static void keep_words(int argc, char **argv) {
  word_count = argc;
  words = argv;
}

int cprogram_word_count(void) { return word_count; }

const char *cprogram_word(int index) { return index < word_count ? words[index] : NULL; }
