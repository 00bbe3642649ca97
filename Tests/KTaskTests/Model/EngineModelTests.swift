import CCounting
import Foundation
import Testing

/// Three threads, five chunks, two node tasks, and every order of their steps. ENGINE_MODEL=whole has all go wrong at once, which
/// takes a minute.
@Suite("The engine's model", .enabled(if: counting_is_possible(), "it has one thread: a sanitizer finds nothing in it"))
struct EngineModelTests {
  private static let isWhole = ProcessInfo.processInfo.environment["ENGINE_MODEL"] == "whole"

  static let models =
    [
      ("whose chunks fail", EngineModel(mayBeCancelled: false)),
      ("that is cancelled", EngineModel(mayFail: false)),
      ("that bounds its tail, and is cancelled", EngineModel(lends: false, mayFail: false)),
      ("that lets helpers rest and calls them", EngineModel(findsKnee: true, mayFail: false, mayBeCancelled: false)),
    ] + (isWhole ? whole : [])

  private static let whole = [
    ("that fails and is cancelled", EngineModel()),
    ("that bounds its tail, fails and is cancelled", EngineModel(lends: false)),
    ("that lets helpers rest, fails and is cancelled", EngineModel(findsKnee: true)),
  ]

  @Test("keeps its promises in every state that there is", arguments: models)
  func keepsPromises(name: String, model: EngineModel) {
    let all = Exploration(model)
    print("a task \(name): \(all.states) states, \(all.steps) steps, \(all.ends) ends")
    #expect(all.broken == nil)
    #expect(all.ends > 0)
  }

  @Test("has nothing that it could do without: each flaw breaks a promise", arguments: EngineFlaw.allCases)
  func isNeeded(flaw: EngineFlaw) {
    let found = Self.models.reversed().lazy.compactMap { _, model in
      var flawed = model
      flawed.flaw = flaw
      return Exploration(flawed).broken
    }.first
    #expect(found?.promise == flaw.breaks, "\(found?.way ?? "nothing is broken")")
  }
}
