/// How a plot looks. Written out for both schemes, not with CSS variables: some programs that turn SVG into pictures do
/// not know those.
enum PlotStyle {
  static let css = """

    text { fill: #24292f; font-size: 12px }
    .title { font-size: 16px; font-weight: bold }
    .axis { font-weight: bold }
    .note, .tick { fill: #57606a }
    .paper { fill: #ffffff }
    .grid { stroke: #d8dee4; stroke-width: 1 }
    .ideal { fill: none; stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 5 4 }
    .median { fill: none; stroke: #0969da; stroke-width: 2 }
    .point { fill: #0969da }
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
      .spread { stroke: #f0883e }
      .run { fill: #f0883e }
    }

    """
}
