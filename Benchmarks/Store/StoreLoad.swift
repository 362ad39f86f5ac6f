import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore

/// How often something was done, and how long each time took.
struct Rate {
  let perSecond: Double
  private let times: [Double]

  /// - Parameter times: of each, in seconds.
  init(_ times: [Double], in seconds: Double) {
    perSecond = Double(times.count) / seconds
    self.times = times.sorted()
  }

  func milliseconds(_ quantile: Double) -> String {
    guard !times.isEmpty else { return "" }
    let index = min(Int(Double(times.count) * quantile), times.count - 1)
    return String(format: "%.1f", times[index] * 1000)
  }
}

/// Clients of a store that each do one thing after the other.
struct StoreLoad {
  private let store: any ServiceStore
  private let clients: Int
  private let seconds: Double
  private static let accounts = 16

  init(_ store: any ServiceStore, clients: Int, seconds: Double) async throws {
    self.store = store
    self.clients = clients
    self.seconds = seconds
    let names = (0..<Self.accounts).map { "account \($0)" }
    try await store.open(grants: Dictionary(uniqueKeysWithValues: names.map { ($0, 1 << 40) }))
  }

  /// Jobs that cost something.
  func additions() async throws -> Rate {
    try await rate { client, number in
      try await add("\(client)-\(number)", to: client)
    }
  }

  private func add(_ id: String, to account: Int) async throws -> Bool {
    let job = StoredJob.sample(
      id, owner: "account \(account % Self.accounts)", price: 3,
      at: Date().timeIntervalSince1970)
    return try await store.add(job, limits: JobLimits(all: 1_000_000)) == .accepted
  }

  private func leaseAndFinish(_ lease: String) async throws -> Bool {
    let job = try await store.lease(by: lease, for: 60, maxCrashes: 5, atUpstream: false)
    guard let job else { return false }
    return try await store.finish(id: job.id, by: lease, as: .finished(videoFolder: lease))
  }

  /// A lease and the end of its job, of the jobs that were added.
  func work() async throws -> Rate {
    try await rate { client, number in
      try await leaseAndFinish("\(client)-\(number)")
    }
  }

  /// Charges of calls that were held before, of all accounts.
  func settlements() async throws -> Rate {
    try await rate { client, number in
      let hold = Hold(
        key: "\(client)-\(number)", account: "account \(client % Self.accounts)", amount: 1)
      return try await store.settle(hold, for: "call")
    }
  }

  /// Jobs that are added at a rate while others are leased and finished at the same one.
  ///
  /// - Parameters:
  ///   - perSecond: jobs to add. The time of an addition begins when it was due.
  ///   - live: jobs that are queued before, and so all the time.
  func sustained(perSecond: Double, live: Int) async throws -> (added: Rate, finished: Rate) {
    for number in 0..<live { _ = try await add("live \(number)", to: number) }
    async let added = rate(every: Double(clients) / perSecond) { client, number in
      try await add("\(client)-\(number)", to: client)
    }
    async let finished = rate(every: Double(clients) / perSecond) { client, number in
      try await leaseAndFinish("\(client)-\(number)")
    }
    return try await (added, finished)
  }

  /// - Parameters:
  ///   - pause: seconds from the begin of one turn of a client to the next.
  ///   - body: takes the client and the number of its turn, and returns false to end early.
  private func rate(
    every pause: Double = 0,
    _ body: @escaping @Sendable (Int, Int) async throws -> Bool
  ) async throws -> Rate {
    let start = ContinuousClock.now
    let end = start + .seconds(seconds)
    let times = try await withThrowingTaskGroup(of: [Double].self) { group in
      for client in 0..<clients {
        group.addTask {
          var times: [Double] = []
          while ContinuousClock.now < end {
            var begin = ContinuousClock.now
            if pause > 0 {
              begin =
                start + .seconds(pause * (Double(times.count) + Double(client) / Double(clients)))
              try await Task.sleep(until: begin, clock: .continuous)
            }
            guard try await body(client, times.count) else { break }
            times.append((ContinuousClock.now - begin) / .seconds(1))
          }
          return times
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    return Rate(times, in: (ContinuousClock.now - start) / .seconds(1))
  }
}
