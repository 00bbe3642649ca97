internal import CProgram
import LinuxSystem

/// Why a program's calls cannot be reached by a library in front of its C library.
enum PreloadObstacle: Equatable, Sendable {
  case isStatic
  /// It runs with rights that its caller has not.
  case gainsRights
  /// Another C library's.
  case loader(String)
  case otherMachine

  var why: String {
    switch self {
    case .isStatic: "is linked statically: its calls cannot be reached"
    case .gainsRights:
      "has rights that its caller has not (set-user-ID, set-group-ID or capabilities): no library is put in front of it"
    case .loader(let path): "is of another C library, whose loader is \(path.shown)"
    case .otherMachine: "is a program for another machine than ktaskctl"
    }
  }

  var remedy: String {
    switch self {
    case .gainsRights: "run it as the user whose rights it takes, or as it is with --best-effort"
    case .isStatic, .loader, .otherMachine:
      "make its memory ready with ktaskctl prefault, or run it as it is with --best-effort"
    }
  }
}

/// The program that execve(2) would start for a command: itself, or who reads the script that it is.
struct StartedProgram: Equatable, Sendable {
  /// The file that was named or found in PATH.
  var file: String
  /// The one that is started in the end.
  var program: String
  /// nil: none, or not known since the file may not be read.
  var obstacle: PreloadObstacle?

  /// The kernel follows interpreters that are scripts themselves as far as that.
  private static let scripts = 5

  init(_ command: String) throws(Errno) {
    file = try Execution.file(of: command)
    program = file
    for _ in 0...Self.scripts {
      guard let found = Self.look(program), let next = Self.next(found, program, isNamed: program == file) else {
        return
      }
      switch next {
      case .interpreter(let path): program = path
      case .itself(let reason):
        obstacle = reason
        return
      }
    }
  }

  private enum Next {
    case interpreter(String)
    case itself(PreloadObstacle?)
  }

  /// nil: nothing that is known.
  private static func next(_ found: cprogram_file, _ path: String, isNamed: Bool) -> Next? {
    switch found.kind {
    case CPROGRAM_SCRIPT: .interpreter(interpreter(found))
    // as execvp(3) does it
    case CPROGRAM_OTHER: isNamed ? .interpreter("/bin/sh") : nil
    case CPROGRAM_OTHER_MACHINE: .itself(.otherMachine)
    case _ where found.gains_rights: .itself(.gainsRights)
    case CPROGRAM_STATIC: .itself(isOwnLoader(path) ? nil : .isStatic)
    case CPROGRAM_DYNAMIC: .itself(obstacle(ofLoader: interpreter(found)))
    default: nil
    }
  }

  private static func look(_ path: String) -> cprogram_file? {
    var found = cprogram_file()
    return unsafe cprogram_look(path, &found) == 0 ? found : nil
  }

  private static func interpreter(_ found: cprogram_file) -> String {
    var found = found
    return unsafe withUnsafeBytes(of: &found.interpreter) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// It starts the program that its words name, with what is to be put in front of that.
  private static func isOwnLoader(_ path: String) -> Bool {
    guard let own = look("/proc/self/exe"), own.kind == CPROGRAM_DYNAMIC else { return false }
    func id(_ path: String) -> FileID? { try? FileDescriptor.open(path, [.pathOnly, .followLinks]).status().id }
    return id(path).map { $0 == id(interpreter(own)) } ?? false
  }

  /// Loaders have names of their own: `ld-linux-x86-64.so.2`, `ld-musl-x86_64.so.1`.
  private static func obstacle(ofLoader path: String) -> PreloadObstacle? {
    guard let own = look("/proc/self/exe"), own.kind == CPROGRAM_DYNAMIC else { return nil }
    return name(path) == name(interpreter(own)) ? nil : .loader(path)
  }

  private static func name(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
}
