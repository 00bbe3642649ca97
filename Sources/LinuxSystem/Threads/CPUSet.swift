public import CLinux

/// A set of CPU numbers, as many as the machine has.
public struct CPUSet: Hashable, Sendable {
  /// One more than the highest CPU number a set takes; twice what any Linux kernel is built for.
  public static let limit = 1 << 16

  /// 64 CPUs a word, the lowest first. The last word is never 0, so that equal sets have equal words.
  private var words: [UInt64]

  /// The empty set.
  public init() { words = [] }

  /// The set of `cpus`, each below `limit`.
  public init(_ cpus: some Sequence<Int>) {
    self.init()
    for cpu in cpus { insert(cpu) }
  }

  private init(words: [UInt64]) {
    self.words = words
    dropTrailingZeros()
  }

  /// How many CPUs are in the set.
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Whether no CPU is in it.
  public var isEmpty: Bool { words.isEmpty }

  /// The lowest CPU number.
  public var first: Int? {
    var iterator = makeIterator()
    return iterator.next()
  }

  /// Whether a CPU is in it, of whatever number.
  public func contains(_ cpu: Int) -> Bool {
    guard cpu >= 0, cpu / 64 < words.count else { return false }
    return words[cpu / 64] & Self.bit(cpu) != 0
  }

  /// Adds a CPU, whose number is below `limit`.
  public mutating func insert(_ cpu: Int) {
    precondition((0..<Self.limit).contains(cpu), "CPU number \(cpu) is out of range")
    while words.count <= cpu / 64 { words.append(0) }
    words[cpu / 64] |= Self.bit(cpu)
  }

  /// Whether some CPU is in both. Allocates nothing.
  public func intersects(_ other: CPUSet) -> Bool { zip(words, other.words).contains { $0 & $1 != 0 } }

  /// The CPUs in one of the two, in both, and in this one only.
  public func union(_ other: CPUSet) -> CPUSet { combined(with: other, |) }
  public func intersection(_ other: CPUSet) -> CPUSet { combined(with: other, &) }
  public func subtracting(_ other: CPUSet) -> CPUSet { combined(with: other) { $0 & ~$1 } }

  private func combined(with other: CPUSet, _ operation: (UInt64, UInt64) -> UInt64) -> CPUSet {
    let length = Swift.max(words.count, other.words.count)
    return CPUSet(words: (0..<length).map { operation(word($0), other.word($0)) })
  }

  private func word(_ index: Int) -> UInt64 { index < words.count ? words[index] : 0 }

  private mutating func dropTrailingZeros() {
    while words.last == 0 { words.removeLast() }
  }

  private static func bit(_ cpu: Int) -> UInt64 { 1 << UInt64(cpu % 64) }
}

extension CPUSet: Sequence {
  /// Counts through the set, lowest CPU first.
  public struct Iterator: IteratorProtocol {
    fileprivate var words: [UInt64]
    fileprivate var index = 0

    public mutating func next() -> Int? {
      while index < words.count, words[index] == 0 { index += 1 }
      guard index < words.count else { return nil }
      let bit = words[index].trailingZeroBitCount
      words[index] &= words[index] - 1
      return index * 64 + bit
    }
  }

  public func makeIterator() -> Iterator { Iterator(words: words) }
  public var underestimatedCount: Int { count }
}

/// The kernel's list format, such as `0-3,5`.
extension CPUSet: CustomStringConvertible {
  /// The set that `list` names; nil if it is not in list format. The empty list is the empty set.
  public init?(list: String) {
    self.init()
    if list.isEmpty { return }
    for item in list.split(separator: ",", omittingEmptySubsequences: false) {
      guard let range = Self.range(item) else { return nil }
      for cpu in range { insert(cpu) }
    }
  }

  public var description: String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }

  /// The runs of neighbouring CPU numbers.
  private var ranges: [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for cpu in self {
      if let last = ranges.last, last.upperBound + 1 == cpu {
        ranges[ranges.count - 1] = last.lowerBound...cpu
      } else {
        ranges.append(cpu...cpu)
      }
    }
    return ranges
  }

  /// One item of a list, `5` or `0-3`.
  private static func range(_ item: Substring) -> ClosedRange<Int>? {
    let ends = item.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(ends.count), let low = number(ends[0]), let high = number(ends[ends.count - 1]),
      low <= high
    else { return nil }
    return low...high
  }

  private static func number(_ digits: Substring) -> Int? {
    guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits), number < limit
    else { return nil }
    return number
  }
}

/// The calling thread's CPUs.
extension CPUSet {
  /// The CPUs that the calling thread may use (sched_getaffinity(2)); its cpuset is already in them.
  public static func allowed() throws(Unreadable) -> CPUSet {
    var size = 16
    while true {
      var words = [UInt64](repeating: 0, count: size)
      let result = unsafe clinux_affinity_get(&words, words.count)
      if result == 0 {
        let cpus = CPUSet(words: words)
        // every thread may use some
        if cpus.isEmpty { throw Unreadable("sched_getaffinity(2)", .isUnclear) }
        return cpus
      }
      let error = Errno(result)
      guard error == .invalid, size * 64 < limit else { throw Unreadable("sched_getaffinity(2)", error) }
      size *= 2
    }
  }

  /// Moves a thread of this process, the calling one unless numbered, to the CPUs of this set (sched_setaffinity(2)).
  /// Allocates nothing.
  public func apply(toThread thread: Int = 0) throws(Errno) {
    try Errno.check(unsafe clinux_affinity_set(Int32(thread), words, words.count))
  }

  /// The CPU that the calling thread runs on just now (sched_getcpu(3)).
  @inlinable
  public static func current() -> Int { Int(clinux_current_cpu()) }
}
