public import KTask
internal import LinuxSystem

/// Runs a call for a file or region and says in its error what was being done.
func attempting<Value: ~Copyable>(
  _ operation: MemoryError.Operation, _ path: String?, _ body: () throws(Errno) -> Value
) throws(MemoryError) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    throw MemoryError(.failed(operation, error), path: path)
  }
}

extension TaskMonitor {
  /// Throws once it is cancelled: for loops that are no task.
  public func check(_ path: String? = nil) throws(MemoryError) {
    if isCancelled { throw MemoryError(.cancelled, path: path) }
  }
}

/// A question to the kernel, and what came of it.
func asking<Value>(_ ask: () throws(Unreadable) -> Value) -> Fact<Value> {
  do throws(Unreadable) {
    return .success(try ask())
  } catch {
    return .failure(error)
  }
}

/// A question that an answer is needed to.
func requiring<Value>(
  _ path: String? = nil, _ ask: () throws(Unreadable) -> Value
) throws(MemoryError) -> Value {
  do throws(Unreadable) {
    return try ask()
  } catch {
    throw MemoryError(.unread(error), path: path)
  }
}
