// fallocate and posix_fallocate.
#include "caller.h"
#include <linux/falloc.h>
#include <signal.h>

static void tell_file(int file) {
  struct stat status;
  fstat(file, &status);
  printf("size=%ld blocks=%ld\n", (long)status.st_size, (long)status.st_blocks);
  if (!status.st_size) return;
  void *start = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (start != MAP_FAILED) tell_pages(start, (size_t)status.st_size);
}

static void allocate(int file, int mode, off_t offset, off_t length) {
  tell("fallocate", fallocate(file, mode, offset, length));
  printf("kept=%d\n", errno == EILSEQ);
  tell_file(file);
}

// PATH each
static void whole(char **words) { allocate(opened(words[0], O_RDWR | O_CREAT), 0, 0, SIZE); }
static void part(char **words) { allocate(opened(words[0], O_RDWR | O_CREAT), 0, 2 << 20, SIZE); }
static void keeping_size(char **words) {
  allocate(opened(words[0], O_RDWR | O_CREAT), FALLOC_FL_KEEP_SIZE, 0, SIZE);
}
static void within(char **words) {
  int file = opened(words[0], O_RDWR | O_CREAT);
  tell("ftruncate", ftruncate(file, 2 * SIZE));
  allocate(file, FALLOC_FL_KEEP_SIZE, 2 << 20, SIZE);
}
static void write_only(char **words) {
  int file = opened(words[0], O_WRONLY | O_CREAT);
  allocate(file, 0, 0, SIZE);
}
static void read_only(char **words) {
  close(opened(words[0], O_RDWR | O_CREAT));
  allocate(opened(words[0], O_RDONLY), 0, 0, SIZE);
}
static void content(char **words) {
  int file = opened(words[0], O_RDWR | O_CREAT);
  tell("ftruncate", ftruncate(file, SIZE / 2));
  char *start = mmap(NULL, 2 << 20, BOTH, MAP_SHARED, file, 0);
  memset(start, 7, 2 << 20);
  allocate(file, 0, 0, SIZE);
  printf("first=%d last=%d\n", start[0], start[(2 << 20) - 1]);
}
static void beyond_limit(char **words) {
  signal(SIGXFSZ, SIG_IGN);
  limit(RLIMIT_FSIZE, SIZE / 2);
  allocate(opened(words[0], O_RDWR | O_CREAT), 0, 0, SIZE);
}
static void posix(char **words) {
  int file = opened(words[0], O_RDWR | O_CREAT);
  printf("posix_fallocate=%d kept=%d\n", posix_fallocate(file, 0, SIZE), errno == EILSEQ);
  printf("of nothing=%d negative=%d\n", posix_fallocate(file, 0, 0), posix_fallocate(file, -1, SIZE));
  printf("bad file=%d\n", posix_fallocate(999, 0, SIZE));
  tell_file(file);
}
static void sealed(char **words) {
  (void)words;
  int file = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  tell("ftruncate", ftruncate(file, SIZE / 2));
  tell("seal", fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
  allocate(file, 0, 0, SIZE);
}
static void memfd(char **words) {
  (void)words;
  allocate(memfd_create("memory", MFD_CLOEXEC), 0, 0, SIZE);
}
static void punch(char **words) {
  int file = opened(words[0], O_RDWR | O_CREAT);
  tell("fallocate", fallocate(file, 0, 0, SIZE));
  allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE);
}

const struct scenario file_scenarios[] = {
    {"fallocate", whole},
    {"fallocate-part", part},
    {"fallocate-keeping-size", keeping_size},
    {"fallocate-within", within},
    {"fallocate-write-only", write_only},
    {"fallocate-read-only", read_only},
    {"fallocate-content", content},
    {"fallocate-beyond-limit", beyond_limit},
    {"fallocate-sealed", sealed},
    {"fallocate-memfd", memfd},
    {"fallocate-punch", punch},
    {"posix-fallocate", posix},
    {0},
};
