import Lua
import Synchronization

#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Connects terminal, editor, renderer and session. It runs on one thread, which never waits for the
/// Lua thread: answers come as ``Message`` through a pipe.
final class PromptDriver {
  typealias Instant = ContinuousClock.Instant

  /// What the Lua thread tells.
  enum Message: Sendable {
    /// The statement has the terminal.
    case began
    case ended(Ended)
    /// What shows the pictures of a statement's values; statements count from 1.
    case preview([UInt8], ofStatement: Int)
    case completions(Completions)
    case tasks([LuaSession.TaskLine], purpose: TaskListPurpose)
    case cancelled(Int, found: Bool)
    case text(String)
    /// A line that is shown behind a prompt only.
    case event(String)
    case stopped(StopPoint)
    /// The script or task was cancelled where it had stopped.
    case cancelledStop(StopPoint)
    case question(PromptQuestions.Question)
    case parameters(String?, of: String)
    case previewFailed
    case sessionEnded
  }

  /// How a statement has ended.
  struct Ended: Sendable {
    /// Its values or its error.
    var text: String
    var isSuccess = false
    var pictures: [PictureSource] = []
  }

  enum TaskListPurpose: Sendable {
    case list, leaving, explainBusy
  }

  enum Mode {
    /// The line is edited.
    case prompt
    /// A statement waits for the Lua thread.
    case queued(withdraw: @Sendable () -> Bool)
    /// A statement has the terminal.
    case foreground
    /// A preview is being made; the prompt waits for it a little.
    case preview(deadline: Instant)
    /// Tasks are being cancelled before the end.
    case leaving
  }

  static let prompt = "> "

  let prompt: InteractivePrompt
  let terminal: TerminalDevice
  let streams: StreamSwitch
  let signals: SignalWatch
  let session: LuaSession
  let sessionRunner = StatementRunner()
  /// Where scripts and tasks have stopped, the newest last, and whether one is the statement that has
  /// the terminal.
  var places: [(point: StopPoint, isForeground: Bool)] = []
  /// The script that this prompt was begun for; nil for a session.
  let servedPoint: StopPoint?
  let completer: Completer
  let inbox: Inbox

  var editor: Editor
  var renderer: Renderer
  var decoder = KeyDecoder()
  var history: HistoryFile
  var output = PendingOutput()
  var mode = Mode.prompt
  var hasEnded = false
  var outcome = InteractivePrompt.End.left
  /// Inputs that came while a statement was queued, or after the one that was submitted.
  var waitingInputs: [Input] = []
  /// Bytes that were typed while the terminal edited lines, and are not read yet.
  var typedAhead = 0
  /// The completion that is asked for, and when the Lua thread counts as busy.
  var completion: (request: CompletionRequest, deadline: Instant)?
  /// Whether the last key was Ctrl-D, which told of live tasks.
  var leavesAtNextEnd = false
  var interruptCount = 0
  var firstInterrupt = Instant.now
  /// How many statements in a row were dropped because a task keeps the Lua thread busy.
  var busyCount = 0
  var submitted = Instant.now
  var statementCount = 0
  /// The style of previews before the terminal has answered.
  lazy var previewStyle = PreviewStyle(
    environment: prompt.environment, named: prompt.host.previewStyle)
  /// Whether the user has chosen the style, so that no answer of the terminal changes it.
  private(set) lazy var isStyleChosen = PreviewStyle.isChosen(
    prompt.host.previewStyle ?? prompt.environment["IMAGINE_PREVIEW"])
  var terminalFacts = TerminalFacts()
  /// Previews that came while a later statement ran.
  var latePreviews: [UInt8] = []
  /// Whether the user knows that previews cannot be made.
  var hasToldOfPreviews = false
  var hasAsked = false
  var questions: [PromptQuestions.Question] = []
  /// Keys that were typed before an open question was shown; they are for the prompt.
  var inputsBeforeQuestion: [Input] = []
  /// The function in whose brackets the cursor is, and its parameters when the Lua thread has told.
  var openCall: (name: String, parameters: String?)?
  /// The statements of the session, for `:save`.
  var statements: [(source: String, failed: Bool)] = []
  var spendingBefore = SessionSpending()
  private lazy var secrets = prompt.host.secrets

  /// Runs the statements of the place where the user is.
  var runner: StatementRunner { places.last?.point.runner ?? sessionRunner }

  /// - Parameter point: the stopped script that the prompt is for; nil for a session.
  init(
    _ prompt: InteractivePrompt, _ streams: StreamSwitch, _ signals: SignalWatch,
    at point: StopPoint? = nil
  ) {
    self.prompt = prompt
    servedPoint = point
    terminal = prompt.terminal
    (self.streams, self.signals) = (streams, signals)
    session = prompt.interpreter.session()
    completer = Completer(host: prompt.host)
    inbox = Inbox()
    let size = terminal.size
    history = HistoryFile(path: prompt.historyPath, session: "\(getpid())-\(time(nil))")
    editor = Editor(language: LuaLanguage(), history: history)
    renderer = Renderer(
      columns: size.columns, rows: size.rows, usesColor: prompt.usesColor, reflows: prompt.reflows)
  }

  func run() -> InteractivePrompt.End {
    attachStops()
    prompt.questions?.attach { [inbox] in inbox.send(.question($0)) }
    if let servedPoint {
      session.ask { [streams] _ in streams.toPipe() }
      stop(at: servedPoint, isForeground: false)
    } else {
      greet()
    }
    history.load()
    editor.history = history
    while !hasEnded { step() }
    prompt.stops?.attach(nil)
    prompt.questions?.attach(nil)
    endQuestions()
    for message in inbox.take() { decline(message) }
    finish()
    return outcome
  }

  private func greet() {
    TerminalStreams.bufferLines()
    // A statement reads no more than it uses: the rest is for the prompt.
    setvbuf(stdin, nil, _IONBF, 0)
    var greeting = prompt.host.greeting[...]
    let opening = OpeningPrompt.take()
    if opening != nil { greeting = greeting.dropFirst() }
    for line in greeting { writeText(Printable.escaped(line) + "\n") }
    installHelp()
    if let path = prompt.startScript {
      submitStartScript(path)
    } else {
      session.ask { [streams] _ in streams.toPipe() }
      beginPrompt()
      if let opening { typedAhead = opening.typedAhead }
    }
    listen()
  }

  private func finish() {
    awaitAnswers()
    terminal.setCooked()
    streams.restore()
    terminal.write(output.takeAll() + streams.drain())
    signals.stop()
  }

  // MARK: The loop

  private func step() {
    let readsKeys: Bool
    if case .prompt = mode {
      readsKeys = waitingInputs.isEmpty
    } else {
      readsKeys = !questions.isEmpty
    }
    let descriptors = [
      inbox.readEnd, signals.readEnd, streams.readEnd, readsKeys ? terminal.input : -1,
    ]
    let ready = TerminalStreams.waitReadable(descriptors, milliseconds: timeLeft())
    let now = Instant.now
    if ready[2] { receiveOutput(streams.drain(), now) }
    if ready[1] { for signal in signals.take() where !hasEnded { handle(signal: signal) } }
    if ready[0] {
      for message in inbox.take() { if hasEnded { decline(message) } else { handle(message) } }
    }
    if ready[3] {
      guard readKeys(now) else { return handle(signal: SIGHUP) }
    }
    expire(now)
    answerQuestions()
    handleInputs()
  }

  /// Reads up to Enter: what is typed behind it may be for the statement that it begins. False at the
  /// end of the terminal.
  private func readKeys(_ now: Instant) -> Bool {
    repeat {
      // Nothing within a paste is a key.
      guard let bytes = terminal.read(decoder.isInPaste ? 1 << 16 : 1) else { return false }
      let inputs = decode(bytes, now)
      waitingInputs += inputs
      if bytes.isEmpty || inputs.contains(where: \.isEnter) { break }
    } while waitingInputs.count < 4096 && terminal.isReadable(within: 0)
    return true
  }

  func decode(_ bytes: [UInt8], _ now: Instant) -> [Input] {
    var bytes = bytes
    for index in bytes.indices.prefix(typedAhead) where bytes[index] == 0 { bytes[index] = 4 }
    typedAhead -= min(typedAhead, bytes.count)
    return decoder.feed(bytes, at: now)
  }

  private func timeLeft() -> Int32 {
    if case .prompt = mode, completion == nil, !waitingInputs.isEmpty { return 0 }
    var deadlines = [decoder.deadline, output.deadline, completion?.deadline].compactMap { $0 }
    if case .preview(let deadline) = mode { deadlines.append(deadline) }
    guard let next = deadlines.min() else { return -1 }
    let milliseconds = (next - Instant.now) / .milliseconds(1)
    return Int32(min(max(0, milliseconds.rounded(.up)), 60_000))
  }

  private func expire(_ now: Instant) {
    if let deadline = decoder.deadline, deadline <= now { waitingInputs += decoder.expire(at: now) }
    if case .preview(let deadline) = mode, deadline <= now { beginPrompt() }
    guard case .prompt = mode else { return }
    if let completion, completion.deadline <= now {
      self.completion = nil
      show(completer.staticCandidates(completion.request))
    }
    let bytes = output.take(at: now)
    if !bytes.isEmpty { terminal.write(renderer.above(bytes)) }
  }

  private func receiveOutput(_ bytes: [UInt8], _ now: Instant) {
    if case .prompt = mode { return output.add(bytes, at: now) }
    // The terminal ends lines itself now.
    terminal.write(output.takeAll() + bytes)
  }

  /// Handles the inputs up to one that begins a statement; the rest is for the next prompt.
  private func handleInputs() {
    var hasChanged = false
    // What follows Tab waits for the candidates, which come soon or never.
    while case .prompt = mode, completion == nil, !hasEnded, !waitingInputs.isEmpty {
      let input = waitingInputs.removeFirst()
      if case .reply(let reply) = input {
        terminalFacts.note(reply)
        continue
      }
      hasChanged = true
      var leaves = false
      for effect in editor.handle(input) {
        if case .endOfInput = effect { leaves = true }
        perform(effect)
      }
      if !leaves { leavesAtNextEnd = false }
    }
    if hasChanged, case .prompt = mode, !hasEnded { draw() }
  }

  func draw() {
    editor.hint = hint()
    terminal.write(renderer.draw(editor.view(columns: renderer.columns, rows: renderer.rows)))
  }

  /// Shows a prompt at the start of a row.
  func beginPrompt() {
    mode = .prompt
    interruptCount = 0
    editor.prompt = places.isEmpty ? Self.prompt : "stop> "
    typedAhead = terminal.setRaw()
    if !latePreviews.isEmpty {
      terminal.write(renderer.above(latePreviews))
      latePreviews = []
    }
    findColumnOne()
    draw()
    askTerminal()
  }

  /// Moves to the start of an empty row without asking where the cursor is: a mark stays visible
  /// where a line has no end, and the blanks wrap to the next row only then.
  func findColumnOne() {
    let blanks = String(repeating: " ", count: max(1, renderer.columns - 1))
    terminal.write(Array("\u{1b}[2m⏎\u{1b}[m\(blanks)\r\u{1b}[K".utf8))
  }

  /// Text above the prompt, or where the cursor is if there is none.
  func writeText(_ text: String) {
    guard !text.isEmpty else { return }
    if case .prompt = mode {
      terminal.write(renderer.above(Array(text.utf8)))
    } else {
      terminal.write(Array(text.utf8))
    }
  }

  func dim(_ text: String) -> String { "\u{1b}[2m\(text)\u{1b}[m\n" }

  // MARK: Signals

  private func handle(signal: Int32) {
    switch signal {
    case SIGINT: interrupt()
    case SIGWINCH: resize()
    case SIGCONT: resume()
    default: end(by: signal)
    }
  }

  private func resize() {
    let size = terminal.size
    guard case .prompt = mode else {
      _ = renderer.resize(columns: size.columns, rows: size.rows)
      return
    }
    terminal.write(renderer.resize(columns: size.columns, rows: size.rows))
    draw()
  }

  /// After a stop the shell may have changed the terminal.
  private func resume() {
    guard case .prompt = mode else { return terminal.setCooked() }
    typedAhead = terminal.setRaw()
    terminal.write(Array("\r\u{1b}[J".utf8))
    let size = terminal.size
    renderer = Renderer(
      columns: size.columns, rows: size.rows, usesColor: prompt.usesColor, reflows: prompt.reflows)
    draw()
  }

  func suspend() {
    terminal.write(renderer.leave(editor.finalView(columns: renderer.columns)))
    terminal.setCooked()
    kill(0, SIGTSTP)
  }

  /// SIGTERM and SIGHUP: the line is kept.
  private func end(by signal: Int32) {
    (hasEnded, outcome) = (true, .signal(signal))
    if case .prompt = mode {
      if !editor.text.isEmpty { remember(editor.text) }
      terminal.write(renderer.leave(editor.finalView(columns: renderer.columns)))
    }
  }

  private func interrupt() {
    switch mode {
    case .prompt, .preview: break
    case .foreground:
      interruptCount += 1
      if interruptCount == 1 { firstInterrupt = .now }
      // Twice the grace: every instruction raises, and none has.
      if interruptCount > 2, Instant.now - firstInterrupt > .seconds(2) {
        (hasEnded, outcome) = (true, .stuck)
      } else if interruptCount == 2, Instant.now - firstInterrupt > .seconds(2) {
        writeText("\n" + dim("this code cannot be interrupted; Ctrl-C again ends imagine"))
      }
      prompt.interpreter.interrupt()
    case .queued(let withdraw):
      guard withdraw() else { return prompt.interpreter.interrupt() }
      busyCount += 1
      session.listTasks { [inbox] in inbox.send(.tasks($0, purpose: .explainBusy)) }
      beginPrompt()
    case .leaving: (hasEnded, outcome) = (true, .stuck)
    }
  }

  func remember(_ statement: String) {
    history.add(statement, time: time(nil), secrets: secrets)
    editor.history = history
  }
}
