/// What was once found, and is mended since: lines as `make faults` tells them. Each is run again, however small the sample.
enum OnceFailed {
  static let lines = [
    // pages that nobody had cleared yet were not in memory, where the kernel has no cachestat(2)
    "verify tmpfs fallocated --zero | an old kernel: ENOSYS",
    // asked for ever
    "verify tmpfs partly | fail mincore EAGAIN 1+",
    // a lease that is refused was told as another ktaskctl at work
    "stock tmpfs 2 | fail fcntl EINVAL 1+",
    // pools and nodes that could not be read were none
    "topology | no /sys", "topology in words | no /sys", "topology in words | an empty /sys",
    // a list that was not read was one of no CPUs
    "prefault tmpfs partly | fail read 0 1+", "topology | fail read 0 1+",
    // a file that gave nothing was all zeros
    "verify ext4 halfCached --zero | fail pread64 0 1+",
    // pages that were not to be seen had gone, or were on no node
    "verify tmpfs partly | fail madvise EFAULT 3+", "verify tmpfs data | fail madvise 0 3",
    // no words in JSON from one that has no room to begin
    "prefault tmpfs missing | RLIMIT as 62914560", "clear 4K | RLIMIT as 62914560",
    // an answer in a file that may not become so long
    "topology in words | RLIMIT fsize 0", "compare | RLIMIT fsize 0",
    // a reader that is gone is COMMAND's to die of
    "exec --export-json | a pipe that nobody reads",
  ]
}
