/// A file system's line in /proc/self/mountinfo.
func mountLine(_ root: String, _ point: String, _ type: String, _ options: String) -> String {
  "31 23 0:28 \(root) \(point) rw,relatime shared:9 - \(type) none rw,\(options)\n"
}
