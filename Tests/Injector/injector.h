// What the injector is asked to do, and what it knows of processes and of names.
#pragma once
#include <linux/filter.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/user.h>

enum { MOST_CALLS = 512 };

/// A call's name; its number where it has none here.
const char *call_name(int call);
/// -1: no such call.
long call_number(const char *name);
int errno_number(const char *name);
int signal_number(const char *name);

/// A part of a program's addresses.
struct range {
  unsigned long long from, to;
};

/// Where the dynamic linker is, in a program that has just been started.
struct range linker_of(pid_t pid);
/// CPU seconds of all its threads.
double processor_seconds(pid_t pid);
/// Whether one of its threads has something to do, and does it or waits for a CPU.
int is_at_work(pid_t pid);
/// The call that a thread is stopped at, with what it is about.
void describe(FILE *report, pid_t thread, const struct user_regs_struct *registers);
/// What each of its threads is doing.
void describe_hang(FILE *report, pid_t pid);

enum { MOST_FORBIDDEN = 64 };

/// What its words ask for.
struct wish {
  enum { COUNT, FAIL, LIE, SIGNAL, FORBID, WATCH } mode;
  long call;
  struct sock_filter forbidden[2 * MOST_FORBIDDEN + 2];
  unsigned short instructions;
  long result;
  int signal;
  long from;
  int once;
  long argument, offset;
};
extern struct wish wanted;

void read_words(int argc, char **argv);
_Noreturn void usage(const char *what);
