#define _GNU_SOURCE
#include "run.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings settings = {.least = SIZE_MAX};

static const char *value_of(const char *text, const char *key) {
  size_t length = strlen(key);
  for (const char *at = text; at && *at; at = (at = strchr(at, ',')) ? at + 1 : NULL)
    if (!strncmp(at, key, length) && at[length] == '=') return at + length + 1;
  return NULL;
}

static long number_of(const char *text, const char *key, long usual) {
  const char *value = value_of(text, key);
  return value ? strtol(value, NULL, 10) : usual;
}

static char *entry_of(const char *name, char ***place) {
  size_t length = strlen(name);
  for (char **entry = environ; entry && *entry; entry++)
    if (!strncmp(*entry, name, length) && (*entry)[length] == '=') return *place = entry, *entry + length + 1;
  return NULL;
}

static void drop(char **entry) {
  do entry[0] = entry[1];
  while (*entry++);
}

/*
 * What COMMAND starts gets the environment as ktaskctl had it. In place, since nothing may be allocated here; the value
 * behind each name's second one is the whole entry that it was.
 */
static void leave_children_alone(void) {
  static const char *const names[][2] = {{"LD_PRELOAD", "KTASK_RUN_BEFORE_LD_PRELOAD"},
                                         {"KTASK_RUN", "KTASK_RUN_BEFORE_KTASK_RUN"},
                                         {"KTASK_RUN_REPORT", "KTASK_RUN_BEFORE_KTASK_RUN_REPORT"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char **place, **saved, *before = entry_of(names[i][1], &saved);
    if (entry_of(names[i][0], &place)) before ? (void)(*place = before) : drop(place);
    else if (before) *saved = before;
    if (entry_of(names[i][1], &saved)) drop(saved);
  }
}

/* Programs write their titles over the environment that they were started with. */
static const char *kept(const char *path) {
  static char copy[WORDS];
  return path && strlen(path) < sizeof copy ? strcpy(copy, path) : NULL;
}

void read_settings(void) {
  char **place;
  const char *text = entry_of("KTASK_RUN", &place), *version = value_of(text, "version");
  settings.threads = (size_t)number_of(text, "threads", 0);
  settings.max_threads = (size_t)number_of(text, "max-threads", 0);
  settings.nice = (int)number_of(text, "nice", 19);
  settings.lends = number_of(text, "lend", 1);
  settings.ignores_power = number_of(text, "ignore-power", 0);
  settings.huge = number_of(text, "thp", 0);
  settings.command = (int)number_of(text, "pid", 0);
  settings.filters = number_of(text, "filters", -1);
  settings.verbose = number_of(text, "verbose", 0);
  settings.report = kept(entry_of("KTASK_RUN_REPORT", &place));
  for (size_t i = 0; version && i + 1 < sizeof settings.version && version[i] && version[i] != ','; i++)
    settings.version[i] = version[i];
  settings.least = (size_t)number_of(text, "least", 64 << 20);
  if (text && !number_of(text, "children", 1)) leave_children_alone();
}
