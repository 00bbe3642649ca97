/* What was made parallel, and what was not, told when the process ends. Nothing here allocates. */
#define _GNU_SOURCE
#include "run.h"
#include "words.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_told(void) { return settings.report || settings.verbose; }

void note_call(const struct call *call, double seconds) {
  if (!is_told()) return;
  unsigned index = __atomic_fetch_add(&own->entries, 1, __ATOMIC_RELAXED);
  if (index >= sizeof own->entry / sizeof *own->entry) return;
  struct entry *entry = &own->entry[index];
  *entry = (struct entry){call->name, call->why, call->length, call->done, call->threads, seconds, false};
  __atomic_store_n(&entry->is_whole, true, __ATOMIC_RELEASE);
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

static void put_line(struct words *words, const struct entry *entry) {
  put(words, "  ");
  put(words, entry->call);
  put(words, " of ");
  put_size(words, entry->length);
  if (entry->done) {
    put(words, ": ");
    put_size(words, entry->done);
    put(words, " by ");
    put_number(words, entry->threads);
    put(words, entry->threads == 1 ? " thread" : " threads");
  }
  if (entry->seconds >= 0) {
    put(words, " in ");
    put_seconds(words, entry->seconds, 3);
    put(words, " s");
  }
  if (entry->why) {
    put(words, "; left to the kernel: ");
    put_shown(words, entry->why);
  }
  put(words, "\n");
}

static void put_text(struct words *words) {
  put(words, "ktaskctl run: ");
  put_shown(words, program_invocation_short_name);
  put(words, " (process ");
  put_number(words, (uint64_t)own->id);
  put(words, "): ");
  if (own->entries) put_number(words, own->entries);
  put(words, own->entries == 1 ? " large call\n" : own->entries ? " large calls\n" : "no large call was made\n");
  for (unsigned i = 0; i < known(); i++)
    if (entry_at(i)) put_line(words, entry_at(i));
  if (own->entries > known()) {
    put(words, "  and ");
    put_number(words, own->entries - known());
    put(words, " calls more\n");
  }
  if (own->is_filtered) put(words, "  what comes after it asked for a seccomp filter is the kernel's, and not told\n");
}

static void put_field(struct words *words, const char *name, uint64_t number) {
  put(words, ", \"");
  put(words, name);
  put(words, "\": ");
  put_number(words, number);
}

static void put_entry(struct words *words, const struct entry *entry) {
  put(words, "    { \"call\": ");
  put_string(words, entry->call);
  put_field(words, "bytes", entry->length);
  put_field(words, "parallel_bytes", entry->done);
  if (entry->done) put_field(words, "threads", entry->threads);
  if (entry->seconds >= 0) {
    put(words, ", \"seconds\": ");
    put_seconds(words, entry->seconds, 6);
  }
  if (entry->why) {
    put(words, ", \"left\": ");
    put_string(words, entry->why);
  }
  put(words, " }");
}

static void put_json(struct words *words) {
  put(words, "{\n  \"ktaskctl\": ");
  put_string(words, settings.version);
  put(words, ",\n  \"command\": \"run\",\n  \"process\": ");
  put_number(words, (uint64_t)own->id);
  put(words, ",\n  \"program\": ");
  put_string(words, program_invocation_short_name);
  put(words, ",\n  \"calls\": [");
  bool is_first = true;
  for (unsigned i = 0; i < known(); i++) {
    if (!entry_at(i)) continue;
    put(words, is_first ? "\n" : ",\n");
    put_entry(words, entry_at(i));
    is_first = false;
  }
  put(words, is_first ? "],\n  \"calls_made\": " : "\n  ],\n  \"calls_made\": ");
  put_number(words, own->entries);
  if (own->is_filtered) put(words, ",\n  \"until\": \"seccomp filter\"");
  put(words, "\n}\n");
}

static int write_words(int file, bool json) {
  struct words words = words_to(file);
  json ? put_json(&words) : put_text(&words);
  put_out(&words);
  return words.error;
}

/* Of the report that was asked for: one that is missing says that COMMAND did not come to its end. */
static void tell_failure(int error) {
  if (!is_command() || !is_same_stream(STDERR_FILENO)) return;
  struct words words = words_to(STDERR_FILENO);
  put(&words, "ktaskctl run: ");
  put_shown(&words, settings.report);
  put(&words, ": the report could not be written: ");
  put(&words, strerrorname_np(error) ? strerrorname_np(error) : "an error");
  put(&words, "\n");
  put_out(&words);
}

static void write_to_report(void) {
  struct destination destination;
  int error = destination_open(&destination);
  if (!error) error = destination_close(&destination, write_words(destination.file, is_json(settings.report)));
  if (error && destination.file != STDOUT_FILENO && destination.file != STDERR_FILENO) tell_failure(error);
}

/* Once, by the process whose calls they are; a child that made none has nothing to say. */
void write_report(void) {
  if (!is_told() || !is_on() || !is_own_process()) return;
  if (__atomic_exchange_n(&own->is_reported, true, __ATOMIC_RELAXED) || (!own->entries && !is_command())) return;
  int before = errno;
  struct quiet quiet;
  be_quiet(&quiet);
  if (settings.verbose && is_same_stream(STDERR_FILENO)) write_words(STDERR_FILENO, false);
  if (settings.report) write_to_report();
  be_as_before(&quiet);
  errno = before;
}

void report_before_filter(void) {
  own->is_filtered = true;
  write_report();
}

bool report_again(void) {
  struct stat status;
  // only a file's first words go when there are others
  bool is_file = settings.report && !is_to_stream() && !stat(settings.report, &status) && S_ISREG(status.st_mode);
  if (is_told() && (settings.verbose || !is_file)) return false;
  own->is_reported = own->is_filtered = false;
  return true;
}

/* After what the program itself has to say, unless a thread that is still there keeps it from that. */
__attribute__((destructor)) static void end(void) {
  bool is_behind = is_on() && is_own_process() && (settings.verbose || (settings.report && is_to_stream()));
  if (is_behind && !ftrylockfile(stdout)) {
    fflush(stdout);
    funlockfile(stdout);
  }
  write_report();
}
