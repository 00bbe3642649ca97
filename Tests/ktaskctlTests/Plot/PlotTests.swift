import Foundation
import FoundationXML
import Testing

@testable import ktaskctl

@Suite("The picture of a sweep")
struct PlotTests {
  private func svg(_ results: [Document.Result], title: String = "ktaskctl clear 4 GiB") -> String {
    Plot(title: title, caption: ["thp pages"], [.init(results)]).svg()
  }

  private func sweep(_ counts: [Int]) -> [Document.Result] { .sweep(counts) }

  private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

  @Test("is well-formed XML", arguments: [[1, 2], [1, 2, 4, 8, 16, 32, 64], Array(1...24), [4], [2, 3]])
  func wellFormed(counts: [Int]) {
    let parser = Structure(svg(sweep(counts)))
    #expect(parser.isWellFormed)
    #expect(parser.elements.first == "svg")
  }

  @Test("has every run, every median and every thread count", arguments: [[1, 2], [1, 2, 4, 8, 16, 32, 64]])
  func everything(counts: [Int]) {
    let picture = svg(sweep(counts))
    // in two panels, and once in the legend
    #expect(count("class=\"run\"", in: picture) == counts.count * 3 * 2 + 1)
    #expect(count("class=\"point\"", in: picture) == counts.count * 2 + 1)
    #expect(count("class=\"spread\"", in: picture) == counts.count * 2 + 1)
    #expect(count("class=\"ideal\"", in: picture) == 3)
    for threads in counts { #expect(picture.contains(">\(threads)</text>")) }
  }

  @Test("stays within its frame, whatever the figures", arguments: [1e-7, 0.001, 1, 5000])
  func withinFrame(scale: Double) {
    let results = [1, 2, 64].compactMap { threads in
      Document.Result.sample(threads: threads, times: [scale, scale * 40, scale / 9], oneThread: scale)
    }
    let parser = Structure(svg(results))
    #expect(parser.isWellFormed && !parser.places.isEmpty)
    #expect(parser.places.allSatisfy { (0...Plot.width).contains($0.x) && (0...Plot.height).contains($0.y) })
  }

  @Test("is in light and in dark, by the reader's scheme")
  func schemes() {
    #expect(count("prefers-color-scheme: dark", in: svg(sweep([1, 2]))) == 1)
    for style in ["paper", "median", "run", "ideal", "grid"] { #expect(count(".\(style) {", in: PlotStyle.css) == 2) }
  }

  @Test("without one thread there is no speed-up, and the picture says so")
  func noOneThread() {
    let picture = svg(sweep([2, 4]))
    #expect(picture.contains("no speed-up: one thread was not measured"))
    #expect(count("class=\"point\"", in: picture) == 3)
  }

  @Test("where nothing was measured, it says so")
  func nothing() {
    let parser = Structure(svg([]))
    #expect(parser.isWellFormed && svg([]).contains("nothing was measured"))
  }

  @Test("a time of zero is no infinite speed-up")
  func zero() {
    let results = [1, 2].compactMap { Document.Result.sample(threads: $0, times: [0, 0], oneThread: 0) }
    #expect(Structure(svg(results)).isWellFormed)
    let second = [
      .sample(threads: 1, times: [1], oneThread: 1), Document.Result.sample(threads: 2, times: [0], oneThread: 1),
    ]
    let picture = svg(second.compactMap(\.self))
    #expect(!picture.contains("inf") && !picture.contains("nan") && Structure(picture).isWellFormed)
  }

  @Test("words cannot become markup")
  func escaping() {
    let picture = svg(sweep([1, 2]), title: "a<b> & \"c\"\u{1}")
    #expect(picture.contains("a&lt;b&gt; &amp; &quot;c&quot;?"))
    #expect(Structure(picture).isWellFormed)
  }

  @Test(
    "marks stand at round values", arguments: [(0.9, 0.2), (1, 0.2), (1.2, 0.5), (4.9, 1), (0.0123, 0.005), (700, 200)])
  func roundMarks(most: Double, step: Double) {
    #expect(abs(Axis.roundStep(most, marks: 5) - step) < step * 1e-9)
    let axis = Axis.linear(to: most, (0, 100))
    #expect(axis.values.upperBound >= most && axis.ticks.count <= 6)
    #expect(axis.place(0) == 0 && axis.place(axis.values.upperBound) == 100)
  }

  @Test("doublings are as long as each other")
  func doubling() {
    let axis = Axis.doubling(1...16, ticks: [1, 2, 4, 8, 16], margin: 1, (0, 600))
    #expect(axis.ticks.map { axis.place($0).rounded() } == [100, 200, 300, 400, 500])
    #expect(Plot.doublings(0.3, 9) == [0.5, 1, 2, 4, 8])
    #expect(Plot.speedupTicks(0.9, 2) == [1, 1.25, 1.5, 1.75, 2])
    #expect(Plot.speedupTicks(1, 16) == [1, 2, 4, 8, 16])
  }

  @Test("stands alone: it says how large it is")
  func size() {
    #expect(svg(sweep([1, 2])).contains(" width=\"840\" height=\"484\" viewBox=\"0 0 840 484\" "))
  }

  @Test("the legend names what is drawn, and nothing else")
  func legend() {
    func words(_ results: [Document.Result]) -> [String] {
      Plot(title: "", caption: [], [.init(results)]).drawing().labels.filter { $0.y > Panel.bottom + 50 }.map(\.text)
    }
    let ideal = "ideal: one thread’s median by the number of threads"
    #expect(words(sweep([1, 2])) == ["median", "each run, fastest to slowest", ideal])
    #expect(words(sweep([2, 4])) == ["median", "each run, fastest to slowest"])
    #expect(words(sweep([1])) == ["median", "each run, fastest to slowest"])
    let single = [1, 2].compactMap { Document.Result.sample(threads: $0, times: [1], oneThread: 1) }
    #expect(words(single) == ["median", ideal])
  }

  @Test("says how fast, on which machine and when; no date where the document has none")
  func caption() {
    var document = Document.sample
    #expect(
      Plot(document).caption == [
        "2M pages, populate, 3 runs, 4.00 GiB/s with 2 threads, the fastest", "4 of 4 CPUs, Linux 6.12.0",
      ])
    document.host?.name = "tower"
    document.host?.processor = "Processor @ 2.10GHz"
    document.date = "2026-11-27T02:08:00Z"
    #expect(
      Plot(document).caption.last == "tower, Processor @ 2.10GHz, 4 of 4 CPUs, Linux 6.12.0, 2026-11-27T02:08:00Z")
    #expect(Plot(document).svg() == Plot(document).svg())
  }

  @Test("of two sweeps each has its line and its name, and the runs are left out")
  func two() {
    let slower = [1, 2, 4].compactMap { Document.Result.sample(threads: $0, times: [9, 9.5], oneThread: 9.25) }
    let picture = Plot(title: "", caption: [], [.init(slower, name: "old"), .init(sweep([1, 2, 4]), name: "new")]).svg()
    #expect(Structure(picture).isWellFormed)
    #expect(count("class=\"point\"", in: picture) == 7 && count("class=\"point second\"", in: picture) == 7)
    #expect(count("class=\"run\"", in: picture) == 0 && !picture.contains(">each run"))
    #expect(picture.contains(">old</text>") && picture.contains(">new</text>"))
  }
}

/// What an XML reader finds in a picture.
private final class Structure: NSObject, XMLParserDelegate {
  private(set) var isWellFormed = false
  private(set) var elements: [String] = []
  private(set) var places: [(x: Double, y: Double)] = []

  init(_ text: String) {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    isWellFormed = parser.parse()
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements.append(name)
    for (x, y) in [("x", "y"), ("cx", "cy"), ("x1", "y1"), ("x2", "y2")] {
      if let x = attributes[x].flatMap(Double.init), let y = attributes[y].flatMap(Double.init) {
        places.append((x, y))
      }
    }
  }
}
