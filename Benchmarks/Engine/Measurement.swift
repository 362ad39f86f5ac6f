import EnginePeers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What an operation took: medians over several runs.
struct Measurement {
  var seconds: Double
  /// Of all cores together.
  var processorSeconds: Double
  /// The most that was resident during the runs beyond what was before; 0 where the system does
  /// not say.
  var peakBytes: Int

  /// Measures bodies in turns, so that whatever else the machine does meets all of them. Each runs
  /// once before, unmeasured.
  static func inTurn(rounds: Int, _ bodies: [() throws -> Void]) throws -> [Measurement] {
    for body in bodies { try body() }
    var runs = Array(repeating: [Measurement](), count: bodies.count)
    for _ in 0..<rounds {
      for (index, body) in bodies.enumerated() { runs[index].append(try once(body)) }
    }
    return runs.map(median)
  }

  /// One run, with nothing before it.
  static func once(_ body: () throws -> Void) rethrows -> Measurement {
    let before = ResidentMemory.beginPeak()
    let processor = processorTime()
    let start = ContinuousClock.now
    try body()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return Measurement(
      seconds: seconds, processorSeconds: processorTime() - processor,
      peakBytes: max(0, ResidentMemory.peak() - before))
  }

  private static func median(_ runs: [Measurement]) -> Measurement {
    func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    return Measurement(
      seconds: middle(runs.map(\.seconds)),
      processorSeconds: middle(runs.map(\.processorSeconds)),
      peakBytes: runs.map(\.peakBytes).max() ?? 0)
  }

  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// The memory of this process, as Linux counts it; elsewhere everything is 0.
private enum ResidentMemory {
  /// Forgets the peak so far, and gives what is resident now.
  static func beginPeak() -> Int {
    // What was freed but kept for later would hide what the next run takes.
    peer_give_back_memory()
    if let file = fopen("/proc/self/clear_refs", "w") {
      fputs("5", file)
      fclose(file)
    }
    return bytes(of: "VmRSS:")
  }

  static func peak() -> Int { bytes(of: "VmHWM:") }

  private static func bytes(of field: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard text.hasPrefix(field) else { continue }
      return (text.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0)
        * 1024
    }
    return 0
  }
}
