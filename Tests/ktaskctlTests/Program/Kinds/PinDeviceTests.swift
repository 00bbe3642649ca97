import Testing

extension ProgramTests {
  /// On a machine without an IOMMU, as most that run tests are; the guest machines have one.
  @Suite("ktaskctl pin for devices, where there are none", .enabled(if: !Host.hasIOMMU, "has an IOMMU"))
  struct PinDeviceTests {
    @Test("VFIO without an IOMMU is not supported, and what switches it on is told")
    func noIOMMU() throws {
      let ended = try ktaskctl("pin", "--size", "16M", "--with", "vfio:1", "--json")
      #expect(ended.status == 8)
      #expect(ended.message == "ktaskctl: /dev/vfio/1: the kernel uses no IOMMU here")
      #expect(ended.remedy?.contains("intel_iommu=on") == true)
      #expect(try ended.document().errors.first?.code == "not-supported")
    }

    @Test("iommufd without its driver is not supported", arguments: ["iommufd", "iommufd:0000:00:05.0"])
    func noDriver(with: String) throws {
      let ended = try ktaskctl("pin", "--size", "16M", "--with", with)
      #expect(ended.status == 8)
      #expect(ended.message.hasPrefix("ktaskctl: /dev/iommu: is not there"), "\(ended.err)")
      #expect(ended.remedy == "modprobe iommufd")
    }

    @Test(
      "words that do not belong together are refused",
      arguments: [
        ["--with", "mlock", "--iova-base", "4G"], ["--with", "io_uring", "--iova-base", "0x1000"],
        ["--map-size", "4K"], ["--with", "vfio:one"], ["--with", "io_uring", "--map-size", "6000"],
        ["--with", "vfio:1", "--iova-base", "there"],
      ])
    func wrongWords(words: [String]) throws {
      let ended = try start(["pin", "--size", "16M"] + words).end()
      #expect(ended.status == 64, "\(ended.err)")
    }

    @Test("map-cold is for pins", arguments: ["clear", "prefault"])
    func mapCold(command: String) throws {
      let scratch = try Scratch()
      let file = command == "prefault" ? [scratch.file("vm")] : []
      let ended = try start([command] + file + ["--size", "16M", "--method", "map-cold"]).end()
      #expect(ended.status == 8, "\(ended.err)")
      #expect(FileFacts(scratch.file("vm")) == nil)
    }
  }
}
