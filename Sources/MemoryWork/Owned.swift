/// Holds an owner that a class has only at times: an optional that cannot be copied cannot be looked into in place.
final class Owned<Value: ~Copyable & Sendable>: Sendable {
  let value: Value
  init(_ value: consuming Value) { self.value = value }
}
