/* Text on its way to a file. Nothing of it is the C library's formatting, which is the locale's, and nothing allocates. */
#ifndef KTASK_RUN_WORDS_H
#define KTASK_RUN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words {
  int file, error; /* error: why not all of it was written; 0: it was */
  size_t used;
  char *text;
};

struct words words_to(int file); /* one at a time: they have one room */
void put(struct words *words, const char *text);
void put_number(struct words *words, uint64_t number);
void put_seconds(struct words *words, double seconds, unsigned digits); /* behind the point */
void put_size(struct words *words, size_t bytes);    /* "1.5 GiB" */
void put_shown(struct words *words, const char *name); /* on one line, and doing nothing to a terminal */
void put_string(struct words *words, const char *text); /* as JSON has it */
void put_out(struct words *words);                   /* to the file */

#endif
