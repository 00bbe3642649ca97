#define _GNU_SOURCE
#include "clinux.h"
#include "answer.h"
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int clinux_watch_open(int *watch) {
  *watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  return answer(*watch);
}

int clinux_watch_add(int watch, int fd) {
  char name[40];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return answer(inotify_add_watch(watch, name, IN_OPEN));
}

bool clinux_watch_is_silent(int watch) {
  int waiting;
  return ioctl(watch, FIONREAD, &waiting) == 0 && waiting == 0;
}

int clinux_watch_names(int watch, int directory) {
  char name[40];
  snprintf(name, sizeof name, "/proc/self/fd/%d", directory);
  return answer(inotify_add_watch(
    watch, name, IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR));
}

bool clinux_watch_forget(int watch) {
  _Alignas(struct inotify_event) char events[4096];
  bool gone = false;
  ssize_t count;
  while ((count = read(watch, events, sizeof events)) > 0) {
    for (char *at = events; at < events + count; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len)
      if (((struct inotify_event *)at)->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) gone = true;
  }
  return gone;
}

// The descriptor is in a message that only a socket has which only that message has: the kernel collects such sockets.
static void leave_to_the_kernel(int fd) {
  int pair[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == -1) return;
  const int sent[] = {fd, pair[1]};
  char byte = 0;
  struct iovec content = {&byte, sizeof byte};
  union { struct cmsghdr head; char room[CMSG_SPACE(sizeof sent)]; } control = {0};
  struct msghdr message = {
    .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof sent), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(head), sent, sizeof sent);
  sendmsg(pair[0], &message, MSG_NOSIGNAL);
  close(pair[0]);
  close(pair[1]);
}

// Whoever closes the last descriptor waits until nobody in the kernel can be looking at a watch any more: some 15 ms beside
// busy CPUs, at the end of every command that has one. The files' watches go first, and with them what they kept of the files.
void clinux_watch_close(int watch) {
  for (int number = 1; inotify_rm_watch(watch, number) == 0;) number++;
  leave_to_the_kernel(watch);
  close(watch);
}
