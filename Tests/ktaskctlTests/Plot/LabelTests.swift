import Glibc
import Testing

@testable import ktaskctl

@Suite("The words on a picture")
struct LabelTests {
  @Test("keep out of each other's way and within the picture", arguments: Plot.hard)
  func apart(name: String, plot: Plot) {
    let labels = plot.drawing().labels
    let picture = Box(left: 0, top: 0, right: Plot.width, bottom: Plot.height)
    for (index, label) in labels.enumerated() {
      #expect(picture.contains(label.box), "\(label.text)")
      for other in labels[..<index] { #expect(!label.box.touches(other.box), "\(label.text) on \(other.text)") }
    }
  }

  @Test("a median's value stands beside it, not at the slowest run")
  func atMedian() throws {
    let results = [1, 2].compactMap { Document.Result.sample(threads: $0, times: [0.9, 1, 5], oneThread: 1) }
    let plot = Plot(title: "", caption: [], [.init(results)])
    let y = Axis.linear(to: 5, (Panel.bottom, Panel.top))
    let values = plot.drawing().labels.filter { $0.style == "value" && $0.x < Plot.width / 2 }
    #expect(values.map(\.text) == ["1.00", "1.00"])
    for value in values { #expect(abs(value.y - y.place(1)) < 20) }
  }

  @Test("the first, the last and most of few medians have one", arguments: [[1, 2], [1, 2, 4, 8], [1, 2, 4, 8, 16]])
  func present(counts: [Int]) {
    let values = Plot(title: "", caption: [], [.init(.sweep(counts))]).drawing().labels.filter { $0.style == "value" }
    #expect(values.count >= counts.count * 2 - 2)
  }

  @Test("both axes of the speed-up are labelled: the second is the first by one thread's rate")
  func secondAxis() {
    let labels = Plot(title: "", caption: [], [.init(.sweep([1, 2, 4, 8]))]).drawing().labels
    #expect(
      labels.filter { $0.style == "axis" }.map(\.text) == ["time [s]", "threads", "speed-up [×]", "GiB/s", "threads"])
    let right = labels.filter { $0.style == "tick" && $0.x > 784 }.map(\.text)
    #expect(right.sorted() == ["0.500", "1.00", "2.00", "4.00"], "4 GiB in 8 s, and doubled")
  }

  @Test("lines of facts are as wide as there is room")
  func wrapped() {
    #expect(Label.lines(["a", "b"], width: 800) == ["a, b"])
    #expect(Label.lines(["aaaa", "bbbb"], width: 60) == ["aaaa", "bbbb"])
    let cut = Label.lines([String(repeating: "m", count: 200)], width: 120)
    #expect(cut.count == 1 && cut[0].hasSuffix("…") && cut[0].count < 12)
  }

  @Test(
    "boxes and lines touch where they have a point in common",
    arguments: [
      ((0.0, 0.0), (10.0, 10.0), true), ((0, 7), (3, 10), false), ((-5, 3), (20, 3), true), ((5, -5), (5, 20), true),
      ((0, 20), (20, 20), false), ((3, 3), (3.5, 3.5), true), ((9, 0), (20, 11), false),
    ])
  func lines(from: SVG.Point, to: SVG.Point, touches: Bool) {
    #expect(Box(left: 2, top: 2, right: 8, bottom: 8).touches((from: from, to: to)) == touches)
  }
}

extension PlotStyle {
  /// The colours that a rule has in light and in dark.
  static func colours(_ selector: String) -> [String] {
    css.split(separator: "\n").filter { line in
      line.split(separator: "{")[0].split(separator: ",").contains { $0.trimmed == selector }
    }.compactMap { line in line.split(separator: "#").dropFirst().first.map { String($0.prefix(6)) } }
  }
}

extension Substring {
  fileprivate var trimmed: Substring { drop { $0 == " " }.prefix { $0 != " " } }
}

@Suite("The colours of a picture")
struct ColourTests {
  /// Of WCAG 2.
  static func contrast(_ one: String, _ other: String) -> Double {
    func luminance(_ colour: String) -> Double {
      let value = Int(colour, radix: 16) ?? 0
      let parts = [value >> 16, value >> 8 & 0xff, value & 0xff].map { part in
        let share = Double(part) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    let both = [luminance(one), luminance(other)].sorted()
    return (both[1] + 0.05) / (both[0] + 0.05)
  }

  @Test(
    "have a contrast of 4.5 at least, in both schemes",
    arguments: ["text", ".note", ".median", ".ideal", ".run", ".spread"])
  func contrast(selector: String) {
    let (colours, paper) = (PlotStyle.colours(selector), PlotStyle.colours(".paper"))
    #expect(colours.count == 2 && paper.count == 2)
    for (colour, paper) in zip(colours, paper) { #expect(Self.contrast(colour, paper) >= 4.5, "\(colour) on \(paper)") }
  }
}
