import Foundation
@unsafe @preconcurrency import Glibc
import TestSupport
import Testing

/// A libvirt of the test's own, with mounts and processes of its own: the machine's is neither seen nor touched, and nothing of
/// it stays.
final class Libvirt {
  static let isHere =
    Host.isRoot && ["virsh", "nsenter", "unshare", "qemu-system-x86_64"].allSatisfy(Host.has)
    && FileManager.default.isExecutableFile(atPath: daemon)
    && (try? Child(isolated + ["true"]).end().status) == 0
  static let need = "needs root, unshare, libvirtd and virsh (libvirt-daemon-system, libvirt-clients), and a QEMU"
  private static let daemon = "/usr/sbin/libvirtd"

  /// Its first process has no parent outside: it takes in those of QEMU's that have ended at once, for which virsh waits, and
  /// they all end with it.
  private static let isolated = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]

  /// Where what it has found out of QEMU stays for the next one: that takes seconds.
  private static let cache = Checkout.folder.appending(path: ".build/libvirt-cache").path

  private let child: Child

  /// `memory`: its memory_backing_dir; `hook`: a script for its machines; `hugetlbfs`: for those with <hugepages/>.
  init(_ scratch: Scratch, memory: String, hook: Recipe, hugetlbfs: String? = nil) throws {
    let path = "PATH=\(scratch.path):\(ProcessInfo.processInfo.environment["PATH"] ?? ""):/usr/sbin:/sbin"
    let words = [Self.daemon, memory, hook.path, Self.cache, hugetlbfs.map { "\"\($0)\"" } ?? ""]
    child = try Child(["env", path] + Self.isolated + ["bash", "-c", Self.start] + words)
    child.wait { (try? virsh("list").status) == 0 }
    if child.hasEnded { throw Failure("libvirtd does not start: \(child.end().err)") }
  }

  // what it would tidy up goes with its file systems
  deinit { child.kill() }

  /// What it keeps on the way and for the machines, on file systems that go with it. QEMU runs as Debian has it.
  private static let start = """
    set -euo pipefail
    mount --make-rprivate /
    for folder in /etc /run /var/lib /var/log /var/cache; do
      mkdir -p $folder/libvirt
      mount -t tmpfs none $folder/libvirt
    done
    mkdir -p /etc/libvirt/hooks /var/log/libvirt/qemu "$3"
    mount --bind "$3" /var/cache/libvirt
    # machines are emulated here: a KVM that root has and QEMU's user has not would have all found out anew each time
    if [[ -e /dev/kvm ]]; then
      install --mode 000 /dev/null /run/libvirt/kvm
      mount --bind /run/libvirt/kvm /dev/kvm
    fi
    install --mode 755 "$2" /etc/libvirt/hooks/qemu
    user=libvirt-qemu group=kvm
    if ! getent passwd $user > /dev/null || ! getent group $group > /dev/null; then user=root group=root; fi
    cat > /etc/libvirt/qemu.conf << END
    user = "$user"
    group = "$group"
    security_driver = "none"
    cgroup_controllers = []
    namespaces = []
    stdio_handler = "file"
    memory_backing_dir = "$1"
    hugetlbfs_mount = [ $4 ]
    END
    "$0" --pid-file /run/libvirt/libvirtd.pid &
    wait $!
    """

  @discardableResult
  func virsh(_ words: String...) throws -> Ended {
    let connected = ["virsh", "--quiet", "--connect", "qemu:///system"]
    return try Child(["nsenter", "--target", "\(child.pid)", "--mount"] + connected + words).end()
  }

  /// Where it has a file of its own.
  func file(_ path: String) -> String { "/proc/\(child.pid)/root\(path)" }

  /// One of its processes by the number that it has in there.
  fileprivate func process(_ number: String) -> pid_t? {
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child.pid)/ns/pid_for_children")
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.lazy.compactMap { pid_t($0) }.first { process in
      let lines = Host.text("/proc/\(process)/status").split(separator: "\n")
      let numbers = lines.first { $0.hasPrefix("NSpid:") }?.split(whereSeparator: \.isWhitespace)
      return numbers?.last.map(String.init) == number
        && (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/pid")) == own
    }
  }

  /// A machine with nothing but memory; `backing`: what its XML says of that, and `nodes` of nodes.
  func define(
    _ name: String, _ backing: String, nodes: String = "", mebibytes: Int,
    emulator: String = "/usr/bin/qemu-system-x86_64"
  ) throws -> Machine {
    let xml = """
      <domain type='qemu'>
        <name>\(name)</name><memory unit='MiB'>\(mebibytes)</memory><vcpu>2</vcpu>
        <memoryBacking>\(backing)</memoryBacking>\(nodes)
        <os><type arch='x86_64' machine='pc'>hvm</type></os>
        <devices><emulator>\(emulator)</emulator></devices>
      </domain>
      """
    try Data(xml.utf8).write(to: URL(filePath: file("/run/libvirt/\(name).xml")))
    let ended = try virsh("define", "/run/libvirt/\(name).xml")
    if ended.status != 0 { throw Failure("\(name) is not defined: \(ended.err)") }
    return Machine(libvirt: self, name: name)
  }

  /// One of its machines.
  struct Machine {
    let libvirt: Libvirt
    let name: String

    func start() throws -> Ended { try libvirt.virsh("start", name) }
    func destroy() throws -> Ended { try libvirt.virsh("destroy", name) }
    func save() throws -> Ended { try libvirt.virsh("managedsave", name) }
    var state: String {
      get throws { try libvirt.virsh("domstate", name).out.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// Its QEMU.
    var process: pid_t {
      get throws { try #require(libvirt.process(Host.text(libvirt.file("/run/libvirt/qemu/\(name).pid")))) }
    }

    /// Kills its QEMU, and waits until libvirt has noticed.
    func crash() throws {
      kill(try process, SIGKILL)
      try libvirt.child.wait { try state == "shut off" }
    }

    func wait(until condition: () throws -> Bool) rethrows { try libvirt.child.wait(until: condition) }

    func maps(_ words: String) throws -> Bool { Host.text("/proc/\(try process)/maps").contains(words) }

    var log: String { Host.text(libvirt.file("/var/log/libvirt/qemu/\(name).log")) }
  }
}
