// What the injector knows of processes and of names.
#pragma once
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
/// The call that a thread is stopped at, with what it is about.
void describe(FILE *report, pid_t thread, const struct user_regs_struct *registers);
/// What each of its threads is doing.
void describe_hang(FILE *report, pid_t pid);
