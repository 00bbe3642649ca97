import Testing

/// A file that another program made, with what is to be found of it.
struct OthersFile {
  var path: String
  var bytes: Int
  var residentBytes: Int
  /// Where there is something to read that is not zero.
  var content: Range<Int>?
}

extension Scratch {
  /// 32 MiB on a file system of that kind, each time made in another way.
  func othersFiles(on kind: String) throws -> [OthersFile] {
    let folder = try folder(on: kind)
    var files = [
      OthersFile(path: folder + "/empty", bytes: 0, residentBytes: 0),
      OthersFile(path: folder + "/sparse", bytes: 32 << 20, residentBytes: 0),
      OthersFile(path: folder + "/holed", bytes: 24 << 20, residentBytes: 16 << 20, content: 0..<4 << 20),
      OthersFile(path: folder + "/fallocated", bytes: 16 << 20, residentBytes: 16 << 20),
    ]
    try tool("touch", files[0].path)
    try tool("truncate", "--size", "32M", files[1].path)
    try tool("fallocate", "--length", "24M", files[2].path)
    try tool("fallocate", "--punch-hole", "--offset", "8M", "--length", "8M", files[2].path)
    try Content(files[2].path).write(0..<4 << 20)
    try tool("fallocate", "--length", "16M", files[3].path)
    if kind == "ext4" {
      // what is in memory of a disk's file is the page cache's affair: what was written, and what was read ahead then
      files[2].residentBytes = try Content(files[2].path).residentBytes
      files[3].residentBytes = 0
    }
    return files
  }
}
