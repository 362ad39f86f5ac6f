public import ArgumentParser
import ImagineAPI
import ImagineEngine
import ImagineServer
import ImagineSystem
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ServiceRole: ExpressibleByArgument {}

/// Where images are decoded and drawn.
enum EnginePlace: String, CaseIterable, ExpressibleByArgument {
  /// In processes of their own, which hold no key and may be killed.
  case children
  /// In this process.
  case inProcess = "in-process"

  func engine(logger: Logger) -> any Engine {
    let engine = BuiltInEngine()
    guard self == .children else { return engine }
    // Children run as the same user.
    ProcessState.hideMemory()
    let program = EngineProgram(
      path: EngineChildCommand.program, arguments: [EngineChildCommand.name],
      environment: ProcessInfo.processInfo.environment)
    if !EngineProgram.isConfined {
      logger.notice(
        "this system has no Landlock: engine children can use the files of this user")
    }
    return ChildEngine(
      engine,
      in: EngineChildren(
        program, cores: ProcessInfo.processInfo.activeProcessorCount, logger: logger))
  }
}

/// An engine child: only the server starts it.
struct EngineChildCommand: ParsableCommand {
  static let name = "engine-child"
  static let configuration = CommandConfiguration(
    commandName: name, abstract: "Decodes and draws for the server that started it.",
    shouldDisplay: false)

  /// The path of this program.
  static var program: String {
    #if os(Linux)
      // It is there even if the program's file was replaced.
      "/proc/self/exe"
    #else
      ProcessInfo.processInfo.arguments[0]
    #endif
  }

  func run() {
    EngineMemory.keep()
    let engine = BuiltInEngine()
    engine.prepare()
    EngineChildProgram(
      engine: engine, limitThreads: { EngineThreads.limit(to: $0) },
      releaseMemory: { EngineMemory.release(over: $0) }
    ).run()
  }
}
