import Foundation
import TestSupport
import Testing

@testable import ktaskctl

/// A browser without a window, and what it says of a page.
private enum Browser {
  static let program = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"].first(
    where: Host.has)

  /// The words of a page's body once it is drawn.
  static func body(_ page: String, isDark: Bool) throws -> String {
    let folder = try TemporaryFolder("page")
    guard Host.write(page, to: folder.file("page.html")) else { throw Failure("no page") }
    let ended = try Child([
      program ?? "", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + folder.file("data"),
      "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom", "file://" + folder.file("page.html"),
    ]).end()
    guard ended.status == 0, let start = ended.out.range(of: "RESULT"), let end = ended.out.range(of: "</body>") else {
      throw Failure("the browser says \(ended.status): \(ended.err)")
    }
    return String(ended.out[start.upperBound..<end.lowerBound])
  }
}

@Suite(
  "The picture in a browser",
  .enabled(if: Browser.program != nil, "needs Chromium: chromium, chromium-headless-shell or google-chrome"))
struct BrowserTests {
  /// What is drawn, as the browser has it.
  struct Drawn: Decodable {
    struct Word: Decodable {
      var text: String
      var left, top, right, bottom: Double
      var colour: [Double]
    }
    var isDark: Bool
    var width, height: Double
    var paper: [Double]
    var words: [Word]
    var marks: [[Double]]
  }

  private static let script = """
    const colour = text => text.match(/[0-9.]+/g).map(Number);
    const all = [...document.querySelectorAll('svg')].map(svg => {
      const frame = svg.getBoundingClientRect();
      const style = mark => getComputedStyle(mark);
      return {
        isDark: matchMedia('(prefers-color-scheme: dark)').matches, width: frame.width, height: frame.height,
        paper: colour(style(svg.querySelector('.paper')).fill),
        words: [...svg.querySelectorAll('text')].map(word => {
          const box = word.getBoundingClientRect();
          return { text: word.textContent, left: box.left - frame.left, top: box.top - frame.top,
            right: box.right - frame.left, bottom: box.bottom - frame.top, colour: colour(style(word).fill) };
        }),
        marks: [...svg.querySelectorAll('polyline, .spread')].map(mark => colour(style(mark).stroke))
          .concat([...svg.querySelectorAll('circle')].map(mark => colour(style(mark).fill))),
      };
    });
    document.body.textContent = 'RESULT' + JSON.stringify(all);
    """

  @Test("words lie apart and within it, and have a contrast of 4.5, in light and in dark", arguments: [false, true])
  func looks(isDark: Bool) throws {
    let pictures = Plot.hard.map { $0.plot.svg() }.joined()
    let page = "<!DOCTYPE html><meta charset=\"utf-8\"><body>\(pictures)<script>\(Self.script)</script></body>"
    let text = try Browser.body(page, isDark: isDark).replacing("&lt;", with: "<").replacing("&amp;", with: "&")
    let drawn = try JSONDecoder().decode([Drawn].self, from: Data(text.utf8))
    #expect(drawn.count == Plot.hard.count)
    for (picture, name) in zip(drawn, Plot.hard.map(\.name)) {
      #expect(picture.isDark == isDark && picture.width == Plot.width && picture.height == Plot.height)
      #expect(!picture.words.isEmpty)
      for (index, word) in picture.words.enumerated() {
        #expect(word.left >= 0 && word.right <= Plot.width && word.bottom <= Plot.height, "\(name): \(word.text)")
        #expect(contrast(word.colour, picture.paper) >= 4.5, "\(name): \(word.text)")
        for other in picture.words[..<index] {
          let isApart =
            word.right <= other.left || other.right <= word.left || word.bottom <= other.top || other.bottom <= word.top
          #expect(isApart, "\(name): \(word.text) on \(other.text)")
        }
      }
      for mark in picture.marks { #expect(contrast(mark, picture.paper) >= 4.5, "\(name): \(mark)") }
    }
  }

  private func contrast(_ one: [Double], _ other: [Double]) -> Double {
    func hex(_ colour: [Double]) -> String {
      let value = colour.prefix(3).reduce(0) { $0 << 8 | Int($1) }
      return String(value, radix: 16)
    }
    return ColourTests.contrast(hex(one), hex(other))
  }
}
