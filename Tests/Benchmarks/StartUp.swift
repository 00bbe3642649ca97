extension Part {
  static let startUp = Part(
    name: "start-up", title: "`ktaskctl --version`, process start to exit", measure: measureStartUp)
}

private func measureStartUp(_ setting: Setting) throws {
  let commands = [[setting.program, "--version"], ["/bin/true"]]
  let times = try inTurns(
    setting.quick ? 20 : 200,
    commands.map { command in Contestant(name: command[0]) { try Programs.run(command) } })
  printTable(["command", "wall time"], [["ktaskctl --version", times[0].text], ["/bin/true", times[1].text]])
  printReading("of ktaskctl's time \(times[1].median.asTime) is what any process costs here.", of: times)
}
