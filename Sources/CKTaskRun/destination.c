/* Where a report goes: to a file, to a stream of COMMAND's, or to what is no file, as a pipe. */
#define _GNU_SOURCE
#include "run.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Standard output and standard error as they were: under their numbers something else may be open at the end. */
static struct stat streams[2];

void remember_streams(void) {
  for (int i = 0; i < 2; i++)
    if (fstat(STDOUT_FILENO + i, &streams[i])) streams[i].st_ino = 0;
}

static bool was_stream(const struct stat *status, int file) {
  const struct stat *before = &streams[file - STDOUT_FILENO];
  return before->st_ino && status->st_ino == before->st_ino && status->st_dev == before->st_dev;
}

bool is_same_stream(int file) {
  struct stat status;
  return !fstat(file, &status) && was_stream(&status, file);
}

static bool is_output(const char *report) { return !strcmp(report, "-") || !strcmp(report, "json"); }

bool is_json(const char *report) {
  size_t length = strlen(report);
  return !strcmp(report, "json") || (length >= 5 && !strcmp(report + length - 5, ".json"));
}

bool is_command(void) { return own->id == settings.command || !settings.command; }

/* The stream that a name such as /dev/stderr stands for, or 0. */
static int stream_of(const struct stat *status) {
  for (int file = STDOUT_FILENO; file <= STDERR_FILENO; file++)
    if (was_stream(status, file) && is_same_stream(file)) return file;
  return 0;
}

bool is_to_stream(void) {
  struct stat status;
  return is_output(settings.report) || (!stat(settings.report, &status) && stream_of(&status));
}

/* COMMAND's own process has the file as it was named; to that of any other its number is added, and it is nobody else's. */
static int open_file(int more) {
  static char path[WORDS];
  int length = is_command() ? snprintf(path, sizeof path, "%s", settings.report)
                            : snprintf(path, sizeof path, "%s.%d", settings.report, own->id);
  if ((size_t)length >= sizeof path) return -ENAMETOOLONG;
  // a pipe that nobody reads is not waited for
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (is_command() ? 0 : O_NOFOLLOW) | more;
  return (int)raw(SYS_openat, AT_FDCWD, path, flags, 0644);
}

int destination_open(struct destination *to) {
  struct stat status;
  *to = (struct destination){.file = STDOUT_FILENO};
  if (is_output(settings.report)) return is_same_stream(STDOUT_FILENO) ? 0 : EBADF;
  bool is_there = !stat(settings.report, &status);
  if (is_there && (to->file = stream_of(&status))) return 0;
  // a pipe's reader would take the end of one for the end of all
  if (is_there && !is_command() && !S_ISREG(status.st_mode)) return EEXIST;
  // COMMAND's words are in it, although it has closed the stream
  bool adds = is_there && is_command() && (was_stream(&status, STDOUT_FILENO) || was_stream(&status, STDERR_FILENO));
  to->file = open_file(adds ? O_APPEND : 0);
  if (to->file < 0) return -to->file;
  to->is_opened = true;
  if (fstat(to->file, &status)) return destination_close(to, errno);
  // what somebody has put in the place of another process's file is not for it
  if (!is_command() && !S_ISREG(status.st_mode)) return destination_close(to, EEXIST);
  to->is_emptied = S_ISREG(status.st_mode) && !adds;
  if (to->is_emptied) raw(SYS_ftruncate, to->file, 0);
  return 0;
}

int destination_close(const struct destination *to, int error) {
  if (!to->is_opened) return error;
  // half of it would be no JSON
  if (error && to->is_emptied) raw(SYS_ftruncate, to->file, 0);
  long closed = raw(SYS_close, to->file);
  return error ? error : (int)-closed;
}

/* What writing to a pipe that nobody reads brings, or to a file that is as large as it may be. */
static const uint64_t brought = 1ULL << (SIGPIPE - 1) | 1ULL << (SIGXFSZ - 1);

void be_quiet(struct quiet *quiet) {
  raw(SYS_rt_sigprocmask, SIG_BLOCK, &brought, &quiet->mask, sizeof brought);
  raw(SYS_rt_sigpending, &quiet->pending, sizeof quiet->pending);
}

void be_as_before(const struct quiet *quiet) {
  const uint64_t ours = brought & ~quiet->pending;
  const struct timespec none = {0};
  while (ours && raw(SYS_rt_sigtimedwait, &ours, NULL, &none, sizeof ours) > 0) {}
  raw(SYS_rt_sigprocmask, SIG_SETMASK, &quiet->mask, NULL, sizeof quiet->mask);
}
