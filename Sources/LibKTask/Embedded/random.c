// Swift's hashing asks for randomness by a function that the C library has from 2.36 on only.
#include <stddef.h>
#include <sys/random.h>

void arc4random_buf(void *buffer, size_t length);

void arc4random_buf(void *buffer, size_t length) {
  char *at = buffer;
  while (length > 0) {
    ssize_t got = getrandom(at, length, 0);
    // interrupted before anything came; where the kernel has no such call, addresses differ at least
    if (got <= 0) return;
    at += got;
    length -= (size_t)got;
  }
}
