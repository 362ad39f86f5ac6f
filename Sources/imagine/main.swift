import ImagineREPL
import ImagineScripting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// A subcommand is recognised as the very first argument and nowhere else: after any option the next
// word is a script, as with `lua`. A file of that name is reached as `./serve`.
let arguments = CommandLine.arguments
let words = LuaCommand.processArguments
switch arguments.dropFirst().first {
case "run"?, "repl"?:
  exit(ScriptCommand.run(arguments: [words[0]] + words.dropFirst(2)))
case "serve"?:
  exit(ServeCommand.run(arguments: Array(arguments.dropFirst(2))))
case "jobs"?:
  await Subcommand.run(JobsCommand.self, arguments: arguments.dropFirst(2))
case "show"?:
  await Subcommand.run(ShowCommand.self, arguments: arguments.dropFirst(2))
case "rerun"?:
  await Subcommand.run(RerunCommand.self, arguments: arguments.dropFirst(2))
case "plan"?:
  exit(PlanCommand.run(arguments: [words[0]] + words.dropFirst(2)))
case "runs"?:
  await Subcommand.run(RunsCommand.self, arguments: arguments.dropFirst(2))
case "cache"?:
  await Subcommand.run(CacheCommand.self, arguments: arguments.dropFirst(2))
case "doctor"?:
  await Subcommand.run(DoctorCommand.self, arguments: arguments.dropFirst(2))
default:
  exit(ScriptCommand.run(arguments: words))
}
