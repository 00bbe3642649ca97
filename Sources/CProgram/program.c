#define _GNU_SOURCE
#include "cprogram.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { HEAD = 4096 };

// Whether the file is executed with rights that its caller has not: the loader then leaves LD_PRELOAD alone.
static bool gains_rights(int file, const struct stat *status) {
  struct statvfs system;
  char capabilities[64];
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return false;
  if (!fstatvfs(file, &system) && system.f_flag & ST_NOSUID) return false;
  if (status->st_mode & S_ISUID && status->st_uid != getuid()) return true;
  if (status->st_mode & S_ISGID && status->st_mode & S_IXGRP && status->st_gid != getgid()) return true;
  return getuid() != 0 && fgetxattr(file, "security.capability", capabilities, sizeof capabilities) > 0;
}

// "#! interpreter argument", as the kernel reads it.
static void look_at_script(const char *head, size_t length, struct cprogram_file *found) {
  size_t at = 2, end;
  while (at < length && (head[at] == ' ' || head[at] == '\t')) at++;
  for (end = at; end < length && !strchr(" \t\n", head[end]); end++) {}
  if (end - at >= sizeof found->interpreter) end = at;
  memcpy(found->interpreter, head + at, end - at);
  found->interpreter[end - at] = 0;
  found->kind = CPROGRAM_SCRIPT;
}

static bool is_for_this_machine(const unsigned char *ident, uint16_t machine) {
  Elf64_Ehdr own;
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ssize_t count = file == -1 ? -1 : read(file, &own, sizeof own);
  if (file != -1) close(file);
  // what is not known of this program is not held against the other
  return count != sizeof own || (!memcmp(ident + EI_CLASS, own.e_ident + EI_CLASS, 2) && machine == own.e_machine);
}

// The loader's path is a part of the file; without one the file is its own.
static int look_at_elf(int file, const char *head, size_t length, struct cprogram_file *found) {
  Elf64_Ehdr header;
  if (length < sizeof header) return 0;
  memcpy(&header, head, sizeof header);
  if (!is_for_this_machine(header.e_ident, header.e_machine)) {
    found->kind = CPROGRAM_OTHER_MACHINE;
    return 0;
  }
  found->kind = CPROGRAM_STATIC;
  for (size_t i = 0; i < header.e_phnum && header.e_phentsize >= sizeof(Elf64_Phdr); i++) {
    Elf64_Phdr part;
    off_t at = (off_t)(header.e_phoff + i * header.e_phentsize);
    ssize_t got = pread(file, &part, sizeof part, at);
    // what cannot be read is not known, and not static
    if (got == -1) return errno;
    if (got != sizeof part) break;
    if (part.p_type != PT_INTERP) continue;
    size_t room = sizeof found->interpreter - 1, size = part.p_filesz < room ? part.p_filesz : room;
    ssize_t count = pread(file, found->interpreter, size, (off_t)part.p_offset);
    if (count == -1) return errno;
    found->interpreter[count] = 0;
    found->kind = CPROGRAM_DYNAMIC;
    break;
  }
  return 0;
}

int cprogram_look(const char *path, struct cprogram_file *found) {
  char head[HEAD];
  struct stat status;
  *found = (struct cprogram_file){.kind = CPROGRAM_OTHER};
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file == -1) return errno;
  if (!fstat(file, &status)) found->gains_rights = gains_rights(file, &status);
  ssize_t length = read(file, head, sizeof head);
  int error = length == -1 ? errno : 0;
  if (length >= 2 && head[0] == '#' && head[1] == '!') look_at_script(head, (size_t)length, found);
  if (length >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG)) error = look_at_elf(file, head, (size_t)length, found);
  close(file);
  return error;
}
