/* What was made parallel, and what was not, told when the process ends. Nothing here allocates. */
#define _GNU_SOURCE
#include "run.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Standard output and standard error as they were: under their numbers something else may be open at the end. */
static struct stat streams[2];

void remember_streams(void) {
  for (int i = 0; i < 2; i++)
    if (fstat(STDOUT_FILENO + i, &streams[i])) streams[i].st_ino = 0;
}

static bool is_same_stream(int file) {
  struct stat status;
  const struct stat *before = &streams[file - STDOUT_FILENO];
  return before->st_ino && !fstat(file, &status) && status.st_ino == before->st_ino && status.st_dev == before->st_dev;
}

static bool is_told(void) { return settings.report || settings.verbose; }

void note_call(const struct call *call, double seconds) {
  if (!is_told()) return;
  unsigned index = __atomic_fetch_add(&own->entries, 1, __ATOMIC_RELAXED);
  if (index >= sizeof own->entry / sizeof *own->entry) return;
  struct entry *entry = &own->entry[index];
  *entry = (struct entry){call->name, call->why, call->length, call->done, call->threads, seconds, false};
  __atomic_store_n(&entry->is_whole, true, __ATOMIC_RELEASE);
}

/* Words on their way to a file. */
struct words {
  int file;
  size_t used;
  char text[WORDS];
};

static void flush(struct words *words) {
  for (size_t at = 0; at < words->used;) {
    long count = raw(SYS_write, words->file, words->text + at, words->used - at);
    if (count == -EINTR) continue;
    if (count <= 0) break;
    at += (size_t)count;
  }
  words->used = 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct words *words, const char *format, ...) {
  if (sizeof words->text - words->used < 1024) flush(words);
  va_list arguments;
  va_start(arguments, format);
  int count = vsnprintf(words->text + words->used, sizeof words->text - words->used, format, arguments);
  va_end(arguments);
  if (count > 0) words->used += (size_t)count;
}

/* A string of JSON's. */
static void put_string(struct words *words, const char *text) {
  put(words, "\"");
  for (const char *at = text; *at; at++) {
    unsigned char byte = (unsigned char)*at;
    if (byte == '"' || byte == '\\') put(words, "\\%c", byte);
    else if (byte < ' ' || byte > '~') put(words, "\\u%04x", byte);
    else put(words, "%c", byte);
  }
  put(words, "\"");
}

static void put_size(struct words *words, size_t bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double amount = (double)bytes;
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) amount /= 1024;
  char number[32];
  snprintf(number, sizeof number, "%.2f", amount);
  char *end = number + strlen(number);
  while (strchr(number, '.') && (end[-1] == '0' || end[-1] == '.')) {
    bool is_point = end[-1] == '.';
    *--end = 0;
    if (is_point) break;
  }
  put(words, "%s %s", number, units[unit]);
}

/* The calls that there is a whole entry of. */
static unsigned known(void) {
  const unsigned room = sizeof own->entry / sizeof *own->entry;
  return own->entries < room ? own->entries : room;
}

static const struct entry *entry_at(unsigned index) {
  const struct entry *entry = &own->entry[index];
  return __atomic_load_n(&entry->is_whole, __ATOMIC_ACQUIRE) ? entry : NULL;
}

static void put_text(struct words *words) {
  put(words, "ktaskctl run: %s (process %d): ", program_invocation_short_name, own->id);
  put(words, own->entries ? "%u large call%s\n" : "no large call was made\n", own->entries, own->entries == 1 ? "" : "s");
  for (unsigned i = 0; i < known(); i++) {
    const struct entry *entry = entry_at(i);
    if (!entry) continue;
    put(words, "  %s of ", entry->call);
    put_size(words, entry->length);
    if (entry->done) {
      put(words, ": ");
      put_size(words, entry->done);
      put(words, " by %zu thread%s", entry->threads, entry->threads == 1 ? "" : "s");
    }
    if (entry->seconds >= 0) put(words, " in %.3f s", entry->seconds);
    if (entry->why) put(words, "; left to the kernel: %s", entry->why);
    put(words, "\n");
  }
  if (own->entries > known()) put(words, "  and %u calls more\n", own->entries - known());
}

static void put_entry(struct words *words, const struct entry *entry) {
  put(words, "    { \"call\": \"%s\", \"bytes\": %zu, \"parallel_bytes\": %zu", entry->call, entry->length, entry->done);
  if (entry->done) put(words, ", \"threads\": %zu", entry->threads);
  if (entry->seconds >= 0) put(words, ", \"seconds\": %.6f", entry->seconds);
  if (entry->why) {
    put(words, ", \"left\": ");
    put_string(words, entry->why);
  }
  put(words, " }");
}

static void put_json(struct words *words) {
  put(words, "{\n  \"ktaskctl\": \"%s\",\n  \"command\": \"run\",\n  \"process\": %d,\n  \"program\": ", settings.version,
      own->id);
  put_string(words, program_invocation_short_name);
  put(words, ",\n  \"calls\": [");
  bool is_first = true;
  for (unsigned i = 0; i < known(); i++) {
    const struct entry *entry = entry_at(i);
    if (!entry) continue;
    put(words, is_first ? "\n" : ",\n");
    put_entry(words, entry);
    is_first = false;
  }
  put(words, is_first ? "],\n" : "\n  ],\n");
  put(words, "  \"calls_made\": %u\n}\n", own->entries);
}

static bool is_json(const char *report) {
  size_t length = strlen(report);
  return !strcmp(report, "json") || (length >= 5 && !strcmp(report + length - 5, ".json"));
}

/* COMMAND's own process has the name as it is; to that of any other its number is added. */
static int open_report(const char *report) {
  char path[WORDS];
  bool is_command = own->id == settings.command || !settings.command;
  int length = is_command ? snprintf(path, sizeof path, "%s", report)
                          : snprintf(path, sizeof path, "%s.%d", report, own->id);
  if ((size_t)length >= sizeof path) return -1;
  int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | (is_command ? 0 : O_NOFOLLOW);
  return (int)raw(SYS_openat, AT_FDCWD, path, flags, 0644);
}

static void write_to(int file, bool json) {
  struct words words = {.file = file};
  json ? put_json(&words) : put_text(&words);
  flush(&words);
}

static void write_to_report(const char *report) {
  bool to_output = !strcmp(report, "-") || !strcmp(report, "json");
  if (to_output && !is_same_stream(STDOUT_FILENO)) return;
  int file = to_output ? STDOUT_FILENO : open_report(report);
  if (file < 0) return;
  write_to(file, is_json(report));
  if (!to_output) raw(SYS_close, file);
}

/* Once, by the process whose calls they are; a child that made none has nothing to say. */
void write_report(void) {
  if (!is_told() || !is_own_process() || __atomic_exchange_n(&own->is_reported, true, __ATOMIC_RELAXED)) return;
  if (!own->entries && own->id != settings.command) return;
  int before = errno;
  if (settings.verbose && is_same_stream(STDERR_FILENO)) write_to(STDERR_FILENO, false);
  if (settings.report) write_to_report(settings.report);
  errno = before;
}

/* After what the program itself has to say. */
__attribute__((destructor)) static void end(void) {
  if (is_told() && is_own_process()) fflush(stdout);
  write_report();
}
