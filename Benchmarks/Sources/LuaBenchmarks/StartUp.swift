#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whole processes that do nothing.
enum StartUp {
  static func rows() -> [Row] {
    guard let path = getenv("IMAGINE_PROGRAM").map({ String(cString: $0) }) else {
      return [
        Row(
          name: "start-up", ours: "set IMAGINE_PROGRAM", peer: "", ratio: nil,
          target: "≤ 5× of lua5.4")
      ]
    }
    let peers: [(String, [String], String)] = [
      ("lua5.4", ["lua5.4", "-e", ""], "≤ 5×"),
      ("python3", ["python3", "-c", "pass"], ""),
      ("node", ["node", "-e", "0"], "≤ 1/15"),
    ]
    return peers.compactMap { name, command, target in
      guard spawn(command) else { return nil }
      let times = Clock.best(rounds: 20, [{ spawn([path, "-e", ""]) }, { spawn(command) }])
      return .times(
        "start-up, beside \(name)", ours: times[0], peer: times[1], each: 1, target: target)
    }
  }

  /// Runs a command to its end; false where there is none such.
  @discardableResult
  static func spawn(_ command: [String]) -> Bool {
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    guard posix_spawnp(&process, command[0], nil, nil, arguments, environ) == 0 else {
      return false
    }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return status == 0
  }
}
