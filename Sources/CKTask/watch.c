#include "ktask_watching.h"
#include <poll.h>

bool ktask_watch_is_told(const struct ktask_watch *watch) {
  struct pollfd descriptor = {.fd = watch->kw_cancel_fd, .events = POLLIN};
  if (watch->kw_cancel_fd < 0 || poll(&descriptor, 1, 0) != 1) return false;
  // and not POLLNVAL: one that is closed tells nothing
  return descriptor.revents & (POLLIN | POLLHUP | POLLERR);
}
