#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int clinux_signal_descriptor(const int *signals, size_t count, int *descriptor) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
  *descriptor = signalfd(-1, &set, SFD_CLOEXEC);
  return answer(*descriptor);
}

int clinux_next_signal(int descriptor, int *signal) {
  struct signalfd_siginfo info;
  ssize_t count;
  do count = read(descriptor, &info, sizeof info);
  while (count == -1 && errno == EINTR);
  if (count != sizeof info) return count == -1 ? errno : EIO;
  *signal = (int)info.ssi_signo;
  return 0;
}

int clinux_local_datagram(int *descriptor) {
  *descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return answer(*descriptor);
}

int clinux_send_to_name(int descriptor, const char *name, const char *text, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t name_length = strlen(name);
  if (name_length == 0 || name_length >= sizeof address.sun_path) return EINVAL;
  memcpy(address.sun_path, name, name_length);
  // an abstract name begins with a zero byte and ends where the address does
  if (name[0] == '@') address.sun_path[0] = 0;
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + name_length + (name[0] == '@' ? 0 : 1);
  ssize_t count =
      sendto(descriptor, text, length, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, size);
  return answer(count);
}
