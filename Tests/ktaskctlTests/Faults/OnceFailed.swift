/// What was once found, and is mended since: lines as `make faults` tells them. Each is run again, however small the sample.
enum OnceFailed {
  static let lines: [String] = []
}
