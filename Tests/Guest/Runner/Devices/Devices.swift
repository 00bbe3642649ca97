import CGuest
import Glibc

/// The edu devices, and programs that hold memory pinned for them.
enum Devices {
  static let first = "0000:00:05.0"
  static let second = "0000:00:06.0"

  /// The number of a device's IOMMU group.
  static func group(of address: String = first) throws(TestEnd) -> String {
    guard let name = Files.link("/sys/bus/pci/devices/\(address)/iommu_group")?.split(separator: "/").last else {
      throw .failed("\(address) has no IOMMU group")
    }
    return String(name)
  }

  /// Lets a user open a device's node while `body` runs.
  static func owned<Result>(_ nodes: [String], by user: UInt32, _ body: () throws -> Result) throws -> Result {
    for node in nodes where unsafe chown(node, user, user) != 0 { throw TestEnd.errno("chown \(node)") }
    defer { for node in nodes { _ = unsafe chown(node, 0, 0) } }
    return try body()
  }
}

/// What kernels may lack, or have in another way.
extension Devices {
  /// Runs `body` while /dev/vfio/vfio is iommufd's, as where it provides VFIO's containers.
  static func withContainersOfIOMMUFD<Result>(_ body: () throws -> Result) throws -> Result {
    let node = "/dev/vfio/vfio"
    var facts = stat()
    if unsafe stat("/dev/iommu", &facts) != 0 { throw TestEnd.errno("/dev/iommu") }
    return try withoutNode(node) {
      if unsafe mknod(node, S_IFCHR | 0o600, facts.st_rdev) != 0 { throw TestEnd.errno("mknod \(node)") }
      defer { unsafe unlink(node) }
      return try body()
    }
  }

  /// Runs `body` while devices have no nodes of their own, as before Linux 6.6.
  static func withoutNodes<Result>(_ body: () throws -> Result) throws -> Result {
    try withoutNode("/dev/vfio/devices", body)
  }

  private static func withoutNode<Result>(_ node: String, _ body: () throws -> Result) throws -> Result {
    if unsafe rename(node, node + ".away") != 0 { throw TestEnd.errno("rename \(node)") }
    defer { unsafe rename(node + ".away", node) }
    return try body()
  }
}

/// A `ktaskctl pin --hold` that has pinned all and waits.
struct HeldPin {
  let run: Program
  let document: JSON

  init(_ words: [String]) throws(TestEnd) {
    run = try Program(
      ["ktaskctl", "pin", "--hold", "--json", "--runs", "1", "--warmup", "0", "--min-chunk", "1M", "--threads", "2"]
        + words)
    document = try run.firstDocument()
  }

  /// What the kernel counts of it, in bytes.
  func counted(_ name: String) -> Int { (ProcessFacts.kilobytes(name, of: run.process) ?? -1) << 10 }

  /// Where devices see the first byte.
  func base() throws(TestEnd) -> UInt64 {
    guard let text = document["verified"]["iova_base"].string, let base = UInt64(text.dropFirst(2), radix: 16) else {
      throw .failed("no iova_base: \(document["verified"])")
    }
    return base
  }

  /// A device that sees its memory: by the group or the device that it has open.
  func device(_ address: String, throughGroup: Bool) throws(TestEnd) -> Int32 {
    let node = try throughGroup ? "/dev/vfio/\(Devices.group(of: address))" : "/dev/vfio/devices/vfio"
    let directory = "/proc/\(run.process)/fd"
    let number = Files.list(directory).first {
      let target = Files.link("\(directory)/\($0)") ?? ""
      return throughGroup ? target == node : target.hasPrefix(node)
    }
    guard let number = number.flatMap({ Int32($0) }) else { throw .failed("\(node) is not open in ktaskctl") }
    var taken: Int32 = -1
    var error = unsafe cguest_take_descriptor(run.process, number, &taken)
    if error == 0 && throughGroup {
      let group = taken
      error = unsafe cguest_group_device(group, address, &taken)
      close(group)
    }
    if error != 0 { throw unsafe .failed("\(node): \(String(cString: strerror(error)))") }
    return taken
  }

  /// Ends it as it is to be ended.
  func end() throws(TestEnd) -> Program.Ended {
    run.signal(SIGTERM)
    return try run.wait()
  }
}

extension Program {
  /// The document that a program prints which goes on afterwards.
  func firstDocument() throws(TestEnd) -> JSON {
    let began = Clock.seconds
    while Clock.seconds - began < Speed.patience {
      if let document = JSON(outputSoFar) { return document }
      if hasEnded { break }
      usleep(2000)
    }
    throw .failed("no document: \(outputSoFar) \(errorsSoFar)")
  }
}

extension Files {
  /// What a symbolic link says.
  static func link(_ path: String) -> String? {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = unsafe target.withUnsafeMutableBytes { bytes in
      unsafe readlink(path, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return count > 0 ? String(decoding: target.prefix(count), as: UTF8.self) : nil
  }
}
