import Testing

@testable import ktaskctl

@Suite("Words for nodes and regions")
struct NodesWordTests {
  @Test(
    "numactl's words are taken as they are",
    arguments: [
      "0", "0-3", "0-3,5", "1,1", "!2", "!2,4-5", "+0", "+0-1", "!+1", "all", "pci:00:1f.2", "pci:0000:3b:00.0",
      "netdev:eth0", "block:sda", "file:/data", "ip:10.0.0.1", "1023", "!all", "+all", "!+all", "0,all", "0-1,3,all",
      "0,pci:00:1f.2", "!pci:00:1f.2", "+pci:00:1f.2", "!+0,block:sda", "0,file:/a,b", "file:/a,1",
    ])
  func takes(word: String) throws {
    #expect(try NodesWord.parse(word).text == word)
  }

  @Test(
    "words that mean no nodes are refused with their reason",
    arguments: [
      ("", "is empty"), ("!", "names no node"), ("+", "names no node"), ("-1", "is not all"), ("1-", "is not all"),
      ("0x1", "is not all"), ("010", "zero in front"), ("1,", "comma too many"), (",1", "comma too many"),
      ("3-1", "write 1-3"), ("1024", "above 1023"), ("99999999999999999999", "above 1023"), ("!!1", "more than one"),
      ("+!1", "+ before !"), ("++1", "more than one"), ("ALL", "is not all"), ("all,1", "is not all"),
      ("0,all,1", "is not all"), ("all,", "is not all"), ("0,", "comma too many"), ("!,all", "comma too many"),
      ("0-all", "is not all"), ("pci:", "does not say which pci"), ("0,block:", "does not say which block"),
      ("!netdev:", "does not say which netdev"), ("0,usb:1", "is not all"), ("0,!1", "is not all"),
      ("0,+1", "is not all"), ("usb:1", "is not all"), ("1 ,2", "is not all"), ("1.5", "is not all"),
    ])
  func refuses(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try NodesWord.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
  }

  @Test("a region's parts come in any order, and lists keep their commas")
  func regions() throws {
    let all = try RegionWord.parse("path=/dev/hugepages/a,size=1G,nodes=0,2-3")
    #expect(all.path == "/dev/hugepages/a")
    #expect(all.size == ByteSize(bytes: 1 << 30))
    #expect(all.nodes?.text == "0,2-3")
    let turned = try RegionWord.parse("nodes=0,2-3,size=1G,path=/dev/hugepages/a")
    #expect(turned.path == all.path && turned.size == all.size && turned.nodes == all.nodes)
    #expect(try RegionWord.parse("path=/a,nodes=0,pci:00:1f.2,size=1G").nodes?.text == "0,pci:00:1f.2")
    #expect(try RegionWord.parse("size=1G").path == nil)
    #expect(try RegionWord.parse("size=4Gi").size == ByteSize(bytes: 4 << 30))
    #expect(try RegionWord.parse("path=/a,b,size=2M").path == "/a,b")
    #expect(try RegionWord.parse("path=/a b=c,nodes=1").path == "/a b=c")
  }

  @Test(
    "regions that mean nothing are refused with their reason",
    arguments: [
      ("", "is empty"), ("/dev/shm/a", "is not path=FILE"), ("path=", "empty path"), ("size=0", "zero bytes"),
      ("size=", "is empty"), ("nodes=", "is empty"), ("nodes=x", "is not all"), ("node=0", "unknown part “node”"),
      ("path=a,policy=bind", "unknown part “policy”"), ("size=1G,size=2G", "two values for size"),
      ("path=a,path=b", "two values for path"), ("size=1Q", "unknown unit"), (",size=1G", "is not path=FILE"),
      ("=1", "unknown part “”"),
    ])
  func refusesRegions(word: String, reason: String) {
    let error = #expect(throws: WordError.self) { try RegionWord.parse(word) }
    #expect(error?.why.contains(reason) == true, "\(word): \(String(describing: error))")
  }
}
