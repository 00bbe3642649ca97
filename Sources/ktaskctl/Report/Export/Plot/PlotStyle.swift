/// How a plot looks. Written out for both schemes, not with CSS variables: some programs that turn SVG into pictures do
/// not know those.
enum PlotStyle {
  /// Of letters, in pixels.
  static let (size, titleSize) = (12.0, 16.0)

  static let css = """

    text { fill: #24292f; font-size: 12px }
    .title { font-size: 16px; font-weight: bold }
    .axis { font-weight: bold }
    .note, .tick { fill: #57606a }
    .paper { fill: #ffffff }
    .grid { stroke: #d8dee4; stroke-width: 1 }
    .ideal { fill: none; stroke: #66707b; stroke-width: 1.5; stroke-dasharray: 5 4 }
    .median { fill: none; stroke: #0969da; stroke-width: 2 }
    .point { fill: #0969da }
    .median.second { stroke: #8250df }
    .point.second, .value.second { fill: #8250df }
    .spread { stroke: #bc4c00; stroke-width: 1.5 }
    .run { fill: #bc4c00 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .note, .tick { fill: #9198a1 }
      .paper { fill: #0d1117 }
      .grid { stroke: #30363d }
      .ideal { stroke: #7d8590 }
      .median { stroke: #58a6ff }
      .point { fill: #58a6ff }
      .median.second { stroke: #bc8cff }
      .point.second, .value.second { fill: #bc8cff }
      .spread { stroke: #f0883e }
      .run { fill: #f0883e }
    }

    """
}
