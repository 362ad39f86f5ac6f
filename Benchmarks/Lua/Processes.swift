#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whole processes: the program that `IMAGINE_PROGRAM` names, beside others.
enum Processes {
  static var program: String? { getenv("IMAGINE_PROGRAM").map { String(cString: $0) } }

  /// Processes that do nothing. A peer that is not installed is left out.
  static func startUpRows() -> [Row] {
    guard let program else {
      return [
        Row(
          name: "start-up", ours: "set IMAGINE_PROGRAM", peer: "", ratio: nil,
          target: "≤ 5× of lua5.4")
      ]
    }
    let peers: [(String, [String], String)] = [
      ("lua5.4", ["lua5.4", "-e", ""], "≤ 5×"),
      ("node", ["node", "-e", "0"], "≤ 0.067×"),
      ("python3 with openai", ["python3", "-c", "import openai"], "≤ 0.005×"),
    ]
    return peers.compactMap { name, command, target in
      guard spawn(command) else { return nil }
      let times = Clock.best(rounds: 20, [{ spawn([program, "-e", ""]) }, { spawn(command) }])
      return .times(
        "start-up, beside \(name)", ours: times[0], peer: times[1], each: 1, target: target)
    }
  }

  /// Pure Lua beside the distribution's command, which is linked statically and so calls
  /// the library faster.
  static func pureLuaRows() -> [Row] {
    guard let program, spawn(["lua5.4", "-e", ""]) else { return [] }
    let times = Clock.best(
      rounds: 20,
      [{ spawn([program, "-e", PureLua.chunk]) }, { spawn(["lua5.4", "-e", PureLua.chunk]) }])
    return [
      .times("pure Lua, a process, beside lua5.4", ours: times[0], peer: times[1], each: 1)
    ]
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
