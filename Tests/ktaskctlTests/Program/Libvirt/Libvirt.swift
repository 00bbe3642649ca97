import Foundation
@unsafe @preconcurrency import Glibc
import Testing

/// A libvirt of the test's own, in a mount namespace of its own: the machine's is neither seen nor touched.
final class Libvirt {
  static let isHere =
    Host.isRoot && ["virsh", "nsenter", "unshare", "qemu-system-x86_64"].allSatisfy(Host.has)
    && FileManager.default.isExecutableFile(atPath: daemon)
    && (try? tool("unshare", "--mount", "true")) != nil
  static let need = "needs root, unshare, libvirtd and virsh (libvirt-daemon-system, libvirt-clients), and a QEMU"
  private static let daemon = "/usr/sbin/libvirtd"

  private let child: Child
  private var machines: [String] = []

  /// `memory`: its memory_backing_dir; `hook`: a script for its machines.
  init(_ scratch: Scratch, memory: String, hook: Recipe) throws {
    let path = "PATH=\(scratch.path):\(ProcessInfo.processInfo.environment["PATH"] ?? ""):/usr/sbin:/sbin"
    child = try Child(["env", path, "unshare", "--mount", "bash", "-c", Self.start, Self.daemon, memory, hook.path])
    child.wait { (try? virsh("list").status) == 0 }
    if child.hasEnded { throw Failure("libvirtd does not start: \(child.end().err)") }
  }

  deinit {
    for machine in machines { _ = try? virsh("destroy", machine) }
    // what it would tidy up goes with its file systems
    child.kill()
  }

  /// What it keeps on the way and for the machines, on file systems that go with it. QEMU runs as Debian has it.
  private static let start = """
    set -euo pipefail
    mount --make-rprivate /
    for folder in /etc /run /var/lib /var/log /var/cache; do
      mkdir -p $folder/libvirt
      mount -t tmpfs none $folder/libvirt
    done
    mkdir /etc/libvirt/hooks /var/log/libvirt/qemu
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
    END
    exec "$0" --pid-file /run/libvirt/libvirtd.pid
    """

  @discardableResult
  func virsh(_ words: String...) throws -> Ended {
    let connected = ["virsh", "--quiet", "--connect", "qemu:///system"]
    return try Child(["nsenter", "--target", "\(child.pid)", "--mount"] + connected + words).end()
  }

  /// Where it has a file of its own.
  func file(_ path: String) -> String { "/proc/\(child.pid)/root\(path)" }

  /// A machine with nothing but memory; `backing`: what its XML says of that.
  func define(
    _ name: String, _ backing: String, mebibytes: Int, emulator: String = "/usr/bin/qemu-system-x86_64"
  ) throws -> Machine {
    let xml = """
      <domain type='qemu'>
        <name>\(name)</name><memory unit='MiB'>\(mebibytes)</memory><vcpu>1</vcpu>
        <memoryBacking>\(backing)</memoryBacking>
        <os><type arch='x86_64' machine='pc'>hvm</type></os>
        <devices><emulator>\(emulator)</emulator></devices>
      </domain>
      """
    try Data(xml.utf8).write(to: URL(filePath: file("/run/libvirt/\(name).xml")))
    let ended = try virsh("define", "/run/libvirt/\(name).xml")
    if ended.status != 0 { throw Failure("\(name) is not defined: \(ended.err)") }
    machines.append(name)
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
    var process: pid_t { get throws { try #require(pid_t(Host.text(libvirt.file("/run/libvirt/qemu/\(name).pid")))) } }

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
