import Glibc

/// From values to places on a picture, and the values that are marked.
struct Axis: Equatable {
  enum Scale: Equatable { case linear, doubling }

  let scale: Scale
  /// The values at both ends.
  let values: ClosedRange<Double>
  /// Where those ends are.
  let places: (from: Double, to: Double)
  let ticks: [Double]

  static func == (one: Axis, other: Axis) -> Bool {
    one.scale == other.scale && one.values == other.values && one.places == other.places && one.ticks == other.ticks
  }

  func place(_ value: Double) -> Double {
    let share = (scaled(value) - scaled(values.lowerBound)) / (scaled(values.upperBound) - scaled(values.lowerBound))
    return places.from + share * (places.to - places.from)
  }

  private func scaled(_ value: Double) -> Double { scale == .doubling ? log2(value) : value }

  /// From zero to a round value above `most`, marked at round values.
  static func linear(to most: Double, _ places: (from: Double, to: Double)) -> Axis {
    let step = roundStep(most, marks: 5)
    let count = max(1, (most / step).rounded(.up))
    let ticks = (0...Int(count)).map { Double($0) * step }
    return Axis(scale: .linear, values: 0...Double(Int(count)) * step, places: places, ticks: ticks)
  }

  /// Each doubling is as long as the next. `margin`: that share of a doubling is left free at both ends.
  static func doubling(
    _ values: ClosedRange<Double>, ticks: [Double], margin: Double, _ places: (from: Double, to: Double)
  ) -> Axis {
    let factor = exp2(margin)
    let wider = values.lowerBound / factor...values.upperBound * factor
    return Axis(scale: .doubling, values: wider, places: places, ticks: ticks)
  }

  /// 1, 2 or 5 times a power of ten: the least of which no more than `marks` fit below `most`.
  static func roundStep(_ most: Double, marks: Double) -> Double {
    guard most > 0 else { return 1 }
    let power = pow(10, floor(log10(most / marks)))
    let factor = [1.0, 2, 5, 10].first { $0 * power * marks >= most * (1 - 1e-9) }
    return (factor ?? 10) * power
  }
}
