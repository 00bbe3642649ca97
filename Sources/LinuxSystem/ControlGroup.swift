public struct ControlGroup { public var cpuQuota: Double? { nil }; public static func current() -> ControlGroup { ControlGroup() } }
