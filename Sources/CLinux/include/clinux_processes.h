// What /proc tells of the files that processes have. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What is known of a file without waiting for its file system.
struct clinux_file_facts {
  uint64_t device, inode;
  uint64_t allocated; // bytes of memory or disk behind it
  bool regular, directory;
};

/// A device's number as fstat(2) has it (makedev(3)).
uint64_t clinux_device(unsigned major, unsigned minor);

/// Of what a name in a directory leads to, be it a link of /proc (statx(2), AT_STATX_DONT_SYNC): a file system in a user's hands
/// or on a network is not asked. `follow` false: of a link, the link itself.
int clinux_file_facts_at(int directory, const char *_Nonnull name, bool follow, struct clinux_file_facts *_Nonnull facts);

/// The flags that a descriptor was opened with, by its number in a /proc/PID/fdinfo directory.
int clinux_open_flags_at(int fdinfo, const char *_Nonnull number, int *_Nonnull flags);

/// A descriptor for a process, close-on-exec (pidfd_open(2), Linux 5.3). ESRCH: there is none of that number; EINVAL, or ENOENT in
/// later kernels: it is that of a thread.
int clinux_process_open(int number, int *_Nonnull process);
/// No errno: whether it has ended, waited for or not.
bool clinux_process_has_ended(int process);

/// A line of /proc/PID/maps.
struct clinux_mapping {
  uint64_t start, end, offset, device, inode;
  bool shared;
  size_t path, path_length; // where in the text
};

/// Takes the line apart that begins at text[*at], and moves *at behind it. False where no whole line is left.
bool clinux_next_mapping(
  const char *_Nonnull text, size_t length, size_t *_Nonnull at, struct clinux_mapping *_Nonnull mapping);
