/// Holds an owner that a class has only at times: an optional that cannot be copied cannot be looked into in place.
public final class Owned<Value: ~Copyable & Sendable>: Sendable {
  public let value: Value
  public init(_ value: consuming Value) { self.value = value }
}
