import LinuxSystem
import Testing

/// A pool of huge pages, reserved for a test and given back.
enum HugePage: Int, CaseIterable, CustomTestStringConvertible {
  case mebibytes2 = 0x20_0000
  case gibibyte = 0x4000_0000

  var bytes: Int { rawValue }
  /// As the command line says it.
  var word: String { self == .mebibytes2 ? "2M" : "1G" }
  var testDescription: String { word }

  private var folder: String { "/sys/kernel/mm/hugepages/hugepages-\(bytes >> 10)kB" }
  private func count(_ name: String) -> Int { Int(Host.text("\(folder)/\(name)")) ?? 0 }

  var total: Int { count("nr_hugepages") }
  var free: Int { count("free_hugepages") }
  /// Free and promised to nobody.
  var available: Int { free - count("resv_hugepages") }

  /// Surplus pages that there may be.
  var overcommit: Int {
    get { count("nr_overcommit_hugepages") }
    nonmutating set { _ = Host.write("\(newValue)", to: "\(folder)/nr_overcommit_hugepages") }
  }

  func setTotal(_ pages: Int) { _ = Host.write("\(pages)", to: "\(folder)/nr_hugepages") }
}

extension Scratch {
  /// Sees to it that exactly `pages` are available, of which none is known to be raised by ktaskctl: whatever others have noted
  /// is not so any more.
  func reserve(_ pages: Int, of page: HugePage) throws {
    let before = page.total
    page.setTotal(before - page.available + pages)
    finally { page.setTotal(before) }
    try? PoolSize.claim(pageSize: page.bytes)?.note("end\n")
    if page.available != pages {
      try Test.cancel("the machine makes \(page.available) of \(pages) huge pages of \(page.word)")
    }
  }
}
