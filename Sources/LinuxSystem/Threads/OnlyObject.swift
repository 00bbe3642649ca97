internal import CLinux

/// Objects that a process has one of, made at their first use and kept for good.
///
/// A static property is made under a lock of the Swift run-time, and a child that is forked in that moment waits for ever for a
/// thread that it has not got. Here nothing is locked: two threads may both make the object, and the first is kept.
public enum OnlyObject {
  case machine, budget, helpers

  public func get<Object: AnyObject>(_ make: () -> Object) -> Object {
    if let known = unsafe clinux_object(kind) { return unsafe Self.object(at: known) }
    let made = unsafe Unmanaged.passRetained(make())
    let kept = unsafe clinux_object_keep(kind, made.toOpaque())
    let object: Object = unsafe Self.object(at: kept)
    if unsafe kept != made.toOpaque() { unsafe made.release() }
    return object
  }

  private static func object<Object: AnyObject>(at address: UnsafeMutableRawPointer) -> Object {
    unsafe Unmanaged<Object>.fromOpaque(address).takeUnretainedValue()
  }

  private var kind: clinux_object {
    switch self {
    case .machine: CLINUX_OBJECT_MACHINE
    case .budget: CLINUX_OBJECT_BUDGET
    case .helpers: CLINUX_OBJECT_HELPERS
    }
  }
}
