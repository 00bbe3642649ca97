#pragma once
#include <stdbool.h>
#include "clinux_attributes.h"

/// Hears of files being opened, by whatever name (inotify(7)). *watch: for clinux_watch_close.
int clinux_watch_open(int *_Nonnull watch);
/// From now on of this one, too (IN_OPEN, by its name in /proc/self/fd).
int clinux_watch_add(int watch, int fd);
/// Whether none of its files was opened (FIONREAD); false where that is not told.
CLINUX_NOLOCKS bool clinux_watch_is_silent(int watch);

/// From now on of names that come into a directory or leave it, and of files in it that are closed after writing.
int clinux_watch_names(int watch, int directory);
/// Forgets what was heard; true where what is watched is gone, or called otherwise.
bool clinux_watch_forget(int watch);
/// Ends it without a wait for the kernel, which is done with it a moment later.
void clinux_watch_close(int watch);
