import ImagineScripting
import LuaCommand

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

if CommandLine.argc == 1 { ScriptCommand.openPrompt() }

// A subcommand must be the first argument after the host's own options. After any other option the
// next argument is a script, as with `lua`. A script file of that name is `./serve`.
let words = CommandLineOrder.arranged(LuaCommand.processArguments)
let rest = words.dropFirst(2)
switch words.dropFirst().first {
case "run"?, "repl"?:
  exit(ScriptCommand.run(arguments: [words[0]] + rest))
case "serve"?:
  exit(ServeCommand.run(arguments: CommandLineText.texts(rest)))
case "jobs"?:
  await Subcommand.run(JobsCommand.self, arguments: rest)
case "show"?:
  await Subcommand.run(ShowCommand.self, arguments: rest)
case "rerun"?:
  await Subcommand.run(RerunCommand.self, arguments: rest)
case "plan"?:
  exit(PlanCommand.run(arguments: [words[0]] + rest))
case "runs"?:
  await Subcommand.run(RunsCommand.self, arguments: rest)
case "cache"?:
  await Subcommand.run(CacheCommand.self, arguments: rest)
case "describe"?:
  await Subcommand.run(DescribeCommand.self, arguments: rest)
case "comfy"?:
  await Subcommand.run(ComfyCommand.self, arguments: rest)
case "help"? where CommandLineOrder.asksForHelp(words):
  exit(HelpCommand.run(CommandLineText.texts(rest)))
case "init"?:
  await Subcommand.run(InitCommand.self, arguments: rest)
case "--complete"?:
  exit(Subcommand.writing(Completion(CommandLineText.texts(rest)).text))
case "--generate-completion-script"?:
  exit(CompletionScript.print(CommandLineText.texts(rest)))
case "spent"?:
  await Subcommand.run(SpentCommand.self, arguments: rest)
case "models"?:
  await Subcommand.run(ModelsCommand.self, arguments: rest)
case "doctor"?:
  await Subcommand.run(DoctorCommand.self, arguments: rest)
case let word?:
  if let verb = Verb.named(word.text) { exit(VerbCommand.run(verb, Array(rest))) }
  exit(ScriptCommand.run(arguments: words))
case nil:
  exit(ScriptCommand.run(arguments: words))
}
