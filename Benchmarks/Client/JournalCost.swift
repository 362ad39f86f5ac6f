import Foundation

/// What the journal costs a call, and how long a run takes whose answers it has.
struct JournalCost {
  /// Path of `imagine`.
  let program: String
  let rounds: Int

  func run() throws {
    print("| a call of 2 kB | with journal, µs | without, µs | ratio | more, µs |")
    print("|---|---|---|---|---|")
    let stub = try Stub(bytes: 2048)
    defer { stub.stop() }
    for flight in [1, 32] {
      var (kept, unkept): ([Double], [Double]) = ([], [])
      for _ in 0..<rounds {
        kept.append(try microseconds([], stub, flight: flight))
        unkept.append(try microseconds(["--no-journal"], stub, flight: flight))
      }
      let (with, without) = (Comparison.median(kept), Comparison.median(unkept))
      print(
        "| \(flight) in flight | \(Int(with)) | \(Int(without))"
          + " | \((with / without * 100).rounded() / 100) | \(Int(with - without)) |")
    }
    try measureAnswered(stub)
  }

  private func microseconds(_ options: [String], _ stub: Stub, flight: Int) throws -> Double {
    let count = flight == 1 ? 500 : 3000
    let folder = try Folder()
    let file = try write(ScriptClient.measuring("imagine"), in: folder)
    let seconds = try Comparison.output(
      of: ["IMAGINE_HOME=\(folder.path)/home", program] + options
        + [file, stub.address, "\(count)", "\(flight)"])
    return seconds / Double(count) * 1e6
  }

  /// A run of 10,000 calls that has every answer and then fails, resumed and planned.
  private func measureAnswered(_ stub: Stub) throws {
    let folder = try Folder()
    let file = try write(ScriptClient.saving, in: folder)
    let arguments = [file, stub.address, "10000", "32", "\(folder.path)/out"]
    func seconds(_ words: [String]) throws -> Double {
      let started = ContinuousClock.now
      _ = try Comparison.text(
        of: ["IMAGINE_HOME=\(folder.path)/home", program] + words + arguments, showsErrors: false)
      let passed = ContinuousClock.now - started
      return (passed / .milliseconds(10)).rounded() / 100
    }
    print("10,000 calls, each saved, then a failure: \(try seconds([])) s")
    for _ in 0..<rounds {
      print(
        "resumed, all answers at hand: \(try seconds(["--resume"])) s,"
          + " planned: \(try seconds(["plan"])) s (targets: 3 s each)")
    }
  }

  private func write(_ script: String, in folder: Folder) throws -> String {
    let file = "\(folder.path)/script.lua"
    try script.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}
