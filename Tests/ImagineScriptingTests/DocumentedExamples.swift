import Foundation
import ImagineRuns
import ImagineScripting
import ImagineTesting
import Testing

// What the pages of the documentation show; `DocumentationTests` compares them.

// [host]
/// Saves a picture of a cat, and returns its width.
func drawCat(server: String) async throws -> Int {
  let configuration = ScriptHost.Configuration(service: .program(server))
  return try await ScriptHost.withHost(configuration) { host in
    try await host.run(
      """
      local cat = imagine.generate{ prompt = "a cat in a spacesuit", seed = 7 }
      cat:save("cat.png")
      return cat.width
      """, reading: Int.self)
  }
}
// [end]

// [workflow]
/// Makes a postcard and a video of it.
func makePostcard(_ workflow: Workflow) async throws {
  let scope = BudgetScope(limit: Budget.Limit(calls: 20))
  let boat = try await workflow.generate("a red boat", ["seed": 7], in: scope)
  let placed = try await boat.removeBackground(in: scope)
    .addBackground("a calm sea at dawn", ["seed": 3], in: scope)
  try await placed.save(to: "postcard.png")
  let job = try await placed.animate("the boat sails away", in: scope)
  try await job.wait(timeout: 600).save(to: "postcard.mp4")
}

/// The same as a run of its own, which resumes where it was killed.
func runPostcard(server: String) async throws {
  var configuration = ScriptHost.Configuration(
    service: .environment(serverProgram: server),
    environment: ProcessInfo.processInfo.environment)
  configuration.run.script.path = "/jobs/postcard"  // names the run, so that it can be resumed
  configuration.run.resumption = .lastUnfinished
  configuration.run.budget = Budget.Limit(calls: 40)
  try await ScriptHost.withHost(configuration) { host in
    try await makePostcard(host.workflow())
  }
}
// [end]

// [testing]
/// A test of `makePostcard`.
func postcardsAreMade() async throws {
  let provider = MemoryProvider()
  let store = MemoryStore()
  try await makePostcard(Workflow(testing: provider, store: store))
  #expect(
    provider.requests.map(\.operation.name)
      == ["generate", "remove_background", "add_background", "animate"])
  #expect(store.saved["postcard.png"] != nil)
}
// [end]
