#define _GNU_SOURCE
#include "injector.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// MARK: the dynamic linker

static unsigned long long auxiliary(pid_t pid, unsigned long type) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/auxv", pid);
  FILE *file = fopen(path, "re");
  Elf64_auxv_t entry;
  unsigned long long value = 0;
  while (file && fread(&entry, sizeof entry, 1, file) == 1) {
    if (entry.a_type == type) value = entry.a_un.a_val;
  }
  if (file) fclose(file);
  return value;
}

struct range linker_of(pid_t pid) {
  struct range all = {auxiliary(pid, AT_BASE), 0};
  if (all.from == 0) return all;
  char path[64], line[512];
  unsigned long long from, to, inode, own = 0;
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file)) {
    if (sscanf(line, "%llx-%llx %*s %*s %*s %llu", &from, &to, &inode) != 3) continue;
    if (from == all.from) own = inode;
    if (own && inode == own) all.to = to;
  }
  if (file) fclose(file);
  return all;
}

// MARK: its time

double processor_seconds(pid_t pid) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "re");
  unsigned long user = 0, system = 0;
  // the name may have spaces in it
  if (file && fgets(line, sizeof line, file) && strrchr(line, ')')) {
    sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  }
  if (file) fclose(file);
  return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int is_at_work(pid_t pid) {
  char folder[64], path[400], line[1024];
  snprintf(folder, sizeof folder, "/proc/%d/task", pid);
  DIR *threads = opendir(folder);
  struct dirent *thread;
  char state = 'S';
  while (state == 'S' && threads && (thread = readdir(threads))) {
    snprintf(path, sizeof path, "%s/%s/stat", folder, thread->d_name);
    FILE *file = thread->d_name[0] == '.' ? NULL : fopen(path, "re");
    if (file && fgets(line, sizeof line, file) && strrchr(line, ')')) sscanf(strrchr(line, ')'), ") %c", &state);
    if (file) fclose(file);
    // runs or would run, waits for a disk, or for whoever traces it
    if (!strchr("RDt", state)) state = 'S';
  }
  if (threads) closedir(threads);
  return state != 'S';
}

// MARK: words for people

static void link_of(pid_t pid, unsigned long long number, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, (int)number);
  ssize_t length = readlink(path, text, size - 1);
  text[length > 0 ? length : 0] = 0;
}

static void string_at(pid_t pid, unsigned long long address, char *text, size_t size) {
  // up to the end of its page, behind which there may be nothing
  size_t length = 4096 - address % 4096;
  if (length > size - 1) length = size - 1;
  struct iovec mine = {text, length}, its = {(void *)address, length};
  ssize_t count = process_vm_readv(pid, &mine, 1, &its, 1, 0);
  text[count > 0 ? count : 0] = 0;
  text[strcspn(text, "\n")] = 0;
}

static int is_among(long call, const long *list) {
  while (*list >= 0 && *list != call) list++;
  return *list >= 0;
}

static const long path_first[] = {SYS_access, SYS_execve, SYS_lstat,    SYS_mkdir,  SYS_open,   SYS_readlink,
                                  SYS_rename, SYS_stat,   SYS_truncate, SYS_statfs, SYS_unlink, -1};
static const long path_second[] = {SYS_openat,   SYS_newfstatat, SYS_statx,    SYS_faccessat, SYS_faccessat2,
                                   SYS_unlinkat, SYS_renameat2,  SYS_renameat, SYS_mkdirat,   SYS_readlinkat, -1};
static const long file_first[] = {SYS_read,     SYS_write,     SYS_pread64, SYS_pwrite64, SYS_fstat,      SYS_fstatfs,
                                  SYS_fcntl,    SYS_flock,     SYS_ioctl,   SYS_lseek,    SYS_getdents64, SYS_close,
                                  SYS_ftruncate, SYS_fallocate, SYS_fsync,   SYS_writev,   SYS_fadvise64,  451, -1};

void describe(FILE *report, pid_t thread, const struct user_regs_struct *registers) {
  long call = (long)registers->orig_rax;
  char text[160] = "";
  if (is_among(call, path_first)) string_at(thread, registers->rdi, text, sizeof text);
  if (is_among(call, path_second)) string_at(thread, registers->rsi, text, sizeof text);
  if (is_among(call, file_first)) link_of(thread, registers->rdi, text, sizeof text);
  fprintf(report, "at %s(0x%llx, 0x%llx, 0x%llx, 0x%llx) %s\n", call_name((int)call), registers->rdi, registers->rsi,
          registers->rdx, registers->r10, text);
}

static void first_line(const char *folder, const char *thread, const char *name, char *text, int size) {
  char path[300];
  snprintf(path, sizeof path, "%s/%s/%s", folder, thread, name);
  FILE *file = fopen(path, "re");
  if (!file || !fgets(text, size, file)) *text = 0;
  if (file) fclose(file);
  text[strcspn(text, "\n")] = 0;
}

void describe_hang(FILE *report, pid_t pid) {
  char folder[64], name[64], call[128], place[128];
  snprintf(folder, sizeof folder, "/proc/%d/task", pid);
  DIR *threads = opendir(folder);
  struct dirent *thread;
  while (threads && (thread = readdir(threads))) {
    if (thread->d_name[0] == '.') continue;
    first_line(folder, thread->d_name, "comm", name, sizeof name);
    first_line(folder, thread->d_name, "syscall", call, sizeof call);
    first_line(folder, thread->d_name, "wchan", place, sizeof place);
    fprintf(report, "hangs %s: %s %s\n", name, call, place);
  }
  if (threads) closedir(threads);
}
