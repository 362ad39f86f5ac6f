import Foundation
import ImagineAPI
import ImagineRuns
import ImagineScripting

/// Workflows from Swift, as a program: what the documentation shows is run by the tests.
///
/// The environment chooses what happens: `EXAMPLE` the workflow, `IMAGINE_*` the service and the
/// run, as for scripts.
@main
struct WorkflowExample {
  static func main() async throws {
    let environment = ProcessInfo.processInfo.environment
    do {
      let events = try await ScriptHost.withHost(configuration(environment)) { host in
        let workflow = try host.workflow()
        let events = Task { await show(workflow.events()) }
        switch environment["EXAMPLE"] {
        case "postcards": try await postcards(workflow, into: environment["OUTPUT"] ?? ".")
        case "drawings": try await drawings(workflow, into: environment["OUTPUT"] ?? ".")
        case "sheet": print(try await makeSheet(host))
        default: throw ImagineError(.validation, "EXAMPLE is postcards, drawings or sheet")
        }
        await workflow.finish(within: 60)
        print(summary(of: workflow))
        if let plan = host.planned { print("planned \(plan.calls) calls, \(plan.cost)") }
        return events
      }
      await events.value
    } catch {
      print("failed: \(error)")
      exit(1)
    }
  }

  /// The configuration of the host: the service of the environment, or a provider of our own.
  static func configuration(
    _ environment: [String: String]
  ) throws -> ScriptHost.Configuration {
    var configuration = ScriptHost.Configuration(
      service: .environment(serverProgram: "/nonexistent"), environment: environment)
    if let folder = environment["DRAWINGS"] {
      configuration.providers = [
        try FolderProvider(folder, takesTickets: environment["TICKETS"] == "1")
      ]
      configuration.provider = "folder"
    }
    configuration.run = try RunOptions(environment: environment)
    configuration.run.script.path = "/examples/\(environment["EXAMPLE"] ?? "")"
    configuration.run.budget = Budget.Limit(price: .tokens(1000), calls: 40)
    // Most of the service's prices are not published.
    configuration.run.allowsUnpriced = true
    if environment["ON_UNCERTAIN"] == "retry" { configuration.run.onUncertain = .retry }
    configuration.record = environment["RECORD"]
    configuration.replay = environment["REPLAY"]
    configuration.plans = environment["PLAN"] == "1"
    configuration.journalObserver = killer(environment["KILL_AT"])
    if environment["EXAMPLE"] == "sheet" { setUp(&configuration) }
    return configuration
  }

  // [postcards]
  /// Ten images, edits of the first, and a video, under a budget of their own.
  static func postcards(_ workflow: Workflow, into folder: String) async throws {
    let scope = BudgetScope(limit: Budget.Limit(calls: 20))
    var boats: [Image] = []
    for number in 1...10 {
      let boat = try await workflow.generate(
        "a red boat, number \(number)", ["seed": .integer(Int64(number))], in: scope)
      boats.append(boat)
    }
    let cut = try await boats[0].removeBackground(in: scope)
    let placed = try await cut.addBackground("a calm sea at dawn", ["seed": 3], in: scope)
    try await placed.save(to: FilePath("\(folder)/postcard.png"))
    let job = try await placed.animate("the boat sails away", in: scope)
    try await job.wait(timeout: 120).save(to: FilePath("\(folder)/postcard.mp4"))
  }
  // [end]

  // [drawings]
  /// Three drawings at the same time, at a provider of our own. Calls are prepared in order, so a
  /// resumed run finds each again.
  static func drawings(_ workflow: Workflow, into folder: String) async throws {
    let calls = try ["a house", "a tree", "a house"].map { prompt in
      try workflow.prepare(Call("generate", ["prompt": .text(prompt)]))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, call) in calls.enumerated() {
        group.addTask {
          guard case .images(let images) = try await call.value() else { return }
          let bytes = try images.first?.content() ?? []
          try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/drawing-\(number).gif"))
        }
      }
      try await group.waitForAll()
    }
  }
  // [end]

  static func summary(of workflow: Workflow) -> String {
    let spent = workflow.spent
    return "spent \(spent.calls) calls, \(spent.amounts.map(\.description).joined(separator: ", "))"
  }

  /// Prints the states of calls on standard error.
  static func show(_ events: AsyncStream<WorkflowEvent>) async {
    for await event in events {
      if case .call(let call) = event {
        FileHandle.standardError.write(
          Data("\(call.request.operation) \(call.state.rawValue)\n".utf8))
      }
    }
  }

  /// Kills this process at a change of the journal, for tests: `stored:3`.
  static func killer(_ text: String?) -> (@Sendable (JournaledCall) -> Void)? {
    let parts = text?.split(separator: ":").map(String.init) ?? []
    guard parts.count == 2, let number = Int(parts[1]) else { return nil }
    let left = Countdown(number)
    return { call in
      if call.state.rawValue == parts[0], left.isOver() { kill(getpid(), SIGKILL) }
    }
  }
}
