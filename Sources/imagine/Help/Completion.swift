import ImagineScripting
import Lua

/// Completes a command line of a shell. The shell asks with each key, so the words come from the
/// program itself: the fields of operations, and the providers, models, runs and jobs of this home.
struct Completion {
  struct Candidate {
    let text: String
    var meaning = ""
  }

  /// What the word may become, and whether names of files are right too.
  private(set) var candidates: [Candidate] = []
  private(set) var takesFiles = false
  /// The option and `=` of a word `--name=value`.
  private var option = ""

  private let words: [String]
  private let word: String
  private let host = Program.makeHost(isQuiet: true)

  /// - Parameter words: after the program's name, the one at the cursor last.
  init(_ words: [String]) {
    self.words = Array(words.dropLast())
    word = words.last ?? ""
    complete()
    host.close()
  }

  /// Lines of a candidate and its meaning with a tab between; a line `:files` first if files are
  /// right.
  var text: String {
    // Names of operations and fields may be typed with underscores.
    let lines = candidates.filter { candidate in
      [word, word.optionName].contains { (option + candidate.text).hasPrefix($0) }
    }.map { candidate in
      "\(option)\(candidate.text.inOneLine)\t\(candidate.meaning.inOneLine)"
    }
    return ((takesFiles ? [":files"] : []) + lines).joined(separator: "\n")
  }

  private mutating func complete() {
    let pages = CommandPage.all()
    guard let start = commandIndex(words, CommandPage.program) else {
      return offer(CommandPage.program, after: words, commands: pages.filter { $0.path.count == 1 })
    }
    let rest = Array(words[(start + 1)...])
    let name = words[start]
    if name == "help" {
      offer(
        pages.filter { $0.path.count == 1 }
          .map { Candidate(text: $0.path[0], meaning: $0.summary) })
    }
    if let verb = Verb.named(name) { return offer(page(of: verb, rest), after: rest, commands: []) }
    if name == "plan", let page = pages.first(where: { $0.path == [name] }) {
      guard let start = commandIndex(rest, page) else {
        let verbs = pages.filter { $0.path.count == 1 && Verb.named($0.path[0]) != nil }
        return offer(page, after: rest, commands: verbs)
      }
      if let verb = Verb.named(rest[start]) {
        let rest = Array(rest[(start + 1)...])
        return offer(self.page(of: verb, rest), after: rest, commands: [])
      }
    }
    let inner = pages.filter { $0.path.count == 2 && $0.path[0] == name }
    if let first = rest.first(where: { !$0.hasPrefix("-") }),
      let page = inner.first(where: { $0.path[1] == first })
    {
      return offer(page, after: rest.filter { $0 != first }, commands: [])
    }
    guard let page = pages.first(where: { $0.path == [name] }) else { return takesFiles = true }
    offer(page, after: rest, commands: inner)
  }

  /// The index of the first word that is no option of the host; nil if there is none.
  private func commandIndex(_ words: [String], _ page: CommandPage) -> Int? {
    var index = 0
    while index < words.count {
      guard words[index].hasPrefix("-") else { return index }
      let option = page.options.first { $0.names.contains(words[index]) }
      index += option?.valueName == nil ? 1 : 2
    }
    return nil
  }

  /// The page with the fields of the operation that the words name.
  private func page(of verb: Verb, _ rest: [String]) -> CommandPage {
    let operation = verb.operation(in: rest.map { LuaString($0) })
    return CommandPage(
      verb, operation: operation.flatMap { verb.operations.contains($0) ? $0 : nil })
  }

  private mutating func offer(
    _ page: CommandPage, after rest: [String], commands: [CommandPage]
  ) {
    if let last = rest.last, last.hasPrefix("-"),
      let option = page.options.first(where: { $0.names.contains(last) }), option.valueName != nil
    {
      return offer(option.words)
    }
    if word.hasPrefix("--"), let equals = word.firstIndex(of: "="),
      let known = page.options.first(where: { $0.names.contains(word[..<equals].optionName) })
    {
      option = String(word[...equals])
      return offer(known.words)
    }
    if word.hasPrefix("-") {
      return offer(
        page.options.map { Candidate(text: $0.names[0], meaning: $0.summary) }
          + [Candidate(text: "--help", meaning: "explain the command")])
    }
    offer(commands.map { Candidate(text: $0.path[$0.path.count - 1], meaning: $0.summary) })
    guard !page.operands.isEmpty else { return }
    var count = 0
    var skips = false
    for word in rest {
      if skips {
        skips = false
      } else if word.hasPrefix("-") {
        skips = page.options.contains { $0.names.contains(word) && $0.valueName != nil }
      } else {
        count += 1
      }
    }
    offer(page.operands[min(count, page.operands.count - 1)].words)
  }

  private mutating func offer(_ candidates: [Candidate]) {
    for candidate in candidates
    where !self.candidates.contains(where: { $0.text == candidate.text }) {
      self.candidates.append(candidate)
    }
  }

  private mutating func offer(_ words: CommandPage.Words) {
    switch words {
    case .none: break
    case .files: takesFiles = true
    case .names(let names): offer(names.map { Candidate(text: $0) })
    case .providers: offer(host.providerNames.map { Candidate(text: $0) })
    case .values(let names, let field, let operation):
      let known = host.knownValues(of: field, in: operation)
      offer((names + known).map { Candidate(text: $0) })
    case .runs:
      let runs = (try? host.runs()) ?? []
      offer(runs.prefix(50).map { Candidate(text: $0.run.id, meaning: $0.run.script.text) })
    case .jobs:
      let jobs = (try? host.submittedJobs()) ?? []
      offer(jobs.prefix(50).map { Candidate(text: $0.id, meaning: "\($0.state), \($0.prompt)") })
    case .helpTopics: offer(HelpPage.topics.map { Candidate(text: $0) })
    }
  }
}
