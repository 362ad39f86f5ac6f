import Lua

// Statements: from Enter to the next prompt.
extension PromptDriver {
  func perform(_ effect: Effect) {
    switch effect {
    case .submit(let text): submit(text)
    case .interrupt(let dropped): drop(dropped)
    case .endOfInput: leave()
    case .suspend: suspend()
    case .clearScreen:
      terminal.write(renderer.clear() + Array("\u{1b}[H\u{1b}[2J".utf8))
    case .complete(let request): complete(request)
    case .bell: break
    }
  }

  // MARK: The line

  private func submit(_ text: String) {
    terminal.write(renderer.leave(editor.finalView(columns: renderer.columns)))
    editor.reset()
    let isBlank = text.allSatisfy(\.isWhitespace)
    if isBlank { return draw() }
    remember(text)
    if let command = PromptCommand(text) { return perform(command) }
    post(text)
  }

  private func drop(_ text: String) {
    guard !text.isEmpty else {
      terminal.write(renderer.above(Array(dim("Ctrl-D leaves").utf8)))
      return
    }
    // The line stays on the screen as it was, and Up brings it back.
    var old = Editor(language: editor.language)
    old.setText(text)
    terminal.write(renderer.leave(old.finalView(columns: renderer.columns)))
    history.remember(text)
    editor.history = history
  }

  private func leave() {
    if !places.isEmpty { return leavePlace() }
    if leavesAtNextEnd { return endSession() }
    session.listTasks { [inbox] in inbox.send(.tasks($0, purpose: .leaving)) }
  }

  func endSession() {
    if !places.isEmpty { return leavePlace() }
    leaveLine()
    mode = .leaving
    terminal.setCooked()
    session.end { [inbox] in inbox.send(.sessionEnded) }
  }

  // MARK: Running

  private func post(_ source: String) {
    run(source: source) { runner, state in try runner.run(source, state) }
  }

  /// The script of the user's configuration.
  func submitStartScript(_ path: String) {
    run(source: nil) { _, state in
      try state.load(file: path).call([])
      return StatementRunner.Outcome()
    }
  }

  /// Gives the terminal to a statement. The rest of what was typed is read after it.
  private func run(
    source: String?,
    _ body: @escaping @Sendable (StatementRunner, LuaState) throws -> StatementRunner.Outcome
  ) {
    terminal.setCooked()
    terminal.write(output.takeAll())
    submitted = .now
    spendingBefore = prompt.host.spendingSoFar()
    let (runner, streams, inbox, host) = (runner, streams, inbox, prompt.host)
    let printing = Printing(
      columns: renderer.columns, usesColor: prompt.usesColor, host: host)
    statementCount += 1
    let work: @Sendable (LuaState) throws -> Ended = { state in
      streams.toTerminal()
      inbox.send(.began)
      defer { streams.toPipe() }
      do {
        let outcome = try body(runner, state)
        return Ended(
          text: printing.text(outcome, state), isSuccess: true,
          pictures: printing.pictures(outcome, state))
      } catch let error as LuaError {
        let text = printing.text(error, runner.sources) { message, line in
          NearestName.suggestion(for: message, line: line, locals: runner.locals, state)
        }
        throw StatementFailure(text: text)
      }
    }
    let completion: @Sendable (Result<Ended, any Error>) -> Void = { result in
      switch result {
      case .success(let ended): inbox.send(.ended(ended))
      case .failure(let failure as StatementFailure): inbox.send(.ended(Ended(text: failure.text)))
      case .failure(let error as LuaError):
        inbox.send(.ended(Ended(text: printing.text(error, [:]))))
      case .failure(let error): inbox.send(.ended(Ended(text: "\(error)\n")))
      }
    }
    if let place = places.last {
      let withdraw = place.point.post { state in
        completion(Result { try work(state) })
      }
      mode = .queued(withdraw: withdraw)
    } else {
      let statement = session.post(timeLimit: prompt.timeLimit, work, completion: completion)
      if let source { statements.append((source, false)) }
      mode = .queued { statement.withdraw() }
    }
  }

  /// An error that is already text.
  private struct StatementFailure: Error {
    var text: String
  }

  /// Lets go on what waits for a prompt that has ended.
  func decline(_ message: Message) {
    switch message {
    case .question(let question): question.answer(false)
    case .stopped(let point): point.end()
    default: break
    }
  }

  func handle(_ message: Message) {
    switch message {
    case .began: if case .queued = mode { mode = .foreground }
    case .ended(let ended): statementEnded(ended)
    case .preview(let bytes, let number): show(preview: bytes, ofStatement: number)
    case .completions(let completions):
      guard completion?.request.number == completions.number else { return }
      completion = nil
      show(completions)
    case .tasks(let tasks, let purpose): show(tasks, purpose)
    case .cancelled(let number, let found):
      if !found { writeText("there is no task \(number)\n") }
    case .text(let text): writeText(text)
    case .event(let text): if case .prompt = mode { writeText(dim(Printable.escaped(text))) }
    case .stopped(let point): stop(at: point)
    case .cancelledStop(let point): leaveCancelled(point)
    case .question(let question): ask(question)
    case .parameters(let text, let name):
      guard openCall?.name == name, let text else { return }
      openCall?.parameters = text
      if case .prompt = mode { draw() }
    case .previewFailed: hasToldOfPreviews = true
    case .sessionEnded: hasEnded = true
    }
  }

  private func statementEnded(_ ended: Ended) {
    busyCount = 0
    let text = ended.text
    if !ended.isSuccess, places.isEmpty, !statements.isEmpty {
      statements[statements.count - 1].failed = true
    }
    findColumnOne()
    if !text.isEmpty { terminal.write(Array(text.utf8)) }
    let spending = prompt.host.spendingSoFar().since(spendingBefore)
    if spending.calls > 0 {
      let seconds = Int((Instant.now - submitted) / .seconds(1))
      let noun = spending.calls == 1 ? "call" : "calls"
      let price = Printable.escaped(prompt.host.priceText(spending.amounts))
      terminal.write(Array(dim("\(spending.calls) \(noun), \(price), \(seconds) s").utf8))
    }
    let background = prompt.interpreter.backgroundWorkCount
    if interruptCount > 0, background > 0 {
      terminal.write(Array(dim("\(background) calls that were sent go on").utf8))
    }
    beginPreview(ended.pictures)
  }

  // MARK: Completion

  /// What is shown below the line: the arguments of the call around the cursor. Those of functions
  /// that only the Lua thread knows come later.
  func hint() -> String? {
    let (text, cursor) = (editor.text, editor.buffer.cursor)
    if let hint = completer.hint(text, cursor: cursor) { return hint }
    guard let name = completer.openCall(text, cursor: cursor) else {
      openCall = nil
      return nil
    }
    if let openCall, openCall.name == name { return openCall.parameters }
    openCall = (name, nil)
    let (runner, inbox) = (runner, inbox)
    session.ask { state in
      inbox.send(
        .parameters(Completer.parameters(of: name, locals: runner.locals, state), of: name))
    }
    return nil
  }

  private func complete(_ request: CompletionRequest) {
    completion = (request, .now + .milliseconds(50))
    let (completer, runner, inbox) = (completer, runner, inbox)
    session.ask { state in
      inbox.send(.completions(completer.candidates(request, locals: runner.locals, state)))
    }
  }

  func show(_ completions: Completions) {
    _ = editor.show(completions)
    if case .prompt = mode { draw() }
  }

  // MARK: Tasks

  /// Tells what earlier work has left, and what happens behind the prompt.
  func listen() {
    let (host, inbox) = (prompt.host, inbox)
    Task.detached {
      for line in host.announcements() {
        inbox.send(.text("\u{1b}[2m\(Printable.escaped(line))\u{1b}[m\n"))
      }
      for await line in host.events { inbox.send(.event(line)) }
    }
  }

  private func show(_ tasks: [LuaSession.TaskLine], _ purpose: TaskListPurpose) {
    switch purpose {
    case .list:
      writeText(tasks.isEmpty ? "no tasks\n" : tasks.map(Self.line).joined())
    case .leaving:
      guard !tasks.isEmpty else { return endSession() }
      leavesAtNextEnd = true
      writeText(tasks.map(Self.line).joined() + dim("Ctrl-D again cancels them and leaves"))
    case .explainBusy:
      let running = tasks.first { $0.isRunning }
      let name = running.map { "task \($0.number)" } ?? "a task"
      let advice = running.map { ":cancel \($0.number) ends it" } ?? ":jobs lists them"
      writeText(dim("the statement was dropped: \(name) keeps Lua busy; \(advice)"))
      if busyCount >= 3 { writeText(dim("Ctrl-D twice leaves imagine")) }
    }
  }

  private static func line(_ task: LuaSession.TaskLine) -> String {
    let state = task.waitsFor.map { "waits for \($0)" } ?? (task.isRunning ? "runs" : "ready")
    let seconds = Int(task.seconds)
    return "task \(task.number)  \(seconds) s  \(Printable.escaped(state))"
      + "  \(Printable.escaped(task.origin))\n"
  }
}

/// Turns results and errors into the text that is shown.
struct Printing: Sendable {
  var columns: Int
  var usesColor: Bool
  let host: any SessionHost

  func text(_ outcome: StatementRunner.Outcome, _ state: LuaState) -> String {
    var text = ""
    if !outcome.values.isEmpty {
      var printer = ValuePrinter(state)
      printer.columns = columns
      printer.describe = { value in
        if case .userdata(let userdata) = value { host.describe(userdata) } else { nil }
      }
      text = printer.text(outcome.values) + "\n"
    }
    if let note = outcome.note { text += "\u{1b}[2m\(note)\u{1b}[m\n" }
    return text
  }

  /// The pictures of the values, and of the entries of a table.
  func pictures(_ outcome: StatementRunner.Outcome, _ state: LuaState) -> [PictureSource] {
    var found: [PictureSource] = []
    for value in outcome.values {
      switch value {
      case .userdata(let userdata): found += [host.picture(of: userdata)].compactMap { $0 }
      case .table(let table):
        let entries = (try? table.rawEntries(limit: 1000).entries) ?? []
        for case (_, .userdata(let userdata)) in entries.sorted(by: ValuePrinter.precedes)
        where found.count <= Preview.sheetLimit {
          found += [host.picture(of: userdata)].compactMap { $0 }
        }
      default: break
      }
    }
    return found
  }

  func text(
    _ error: LuaError, _ sources: [Int: String],
    suggest: (String, String) -> String? = { _, _ in nil }
  ) -> String {
    ErrorReport(usesColor: usesColor).text(error, sources: sources, suggest: suggest)
  }
}
