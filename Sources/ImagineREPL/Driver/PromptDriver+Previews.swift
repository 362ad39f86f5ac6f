import ImagineAPI

// Previews, and what the terminal can show.
extension PromptDriver {
  /// How long the prompt waits for a preview; a later one appears above the line.
  private static let previewTime: Duration = .milliseconds(400)
  /// How long the end of the session waits for answers, which the shell would take for keys.
  private static let answerTime: Duration = .milliseconds(100)

  /// Asks the terminal what it can show, once, when the first prompt is there.
  func askTerminal() {
    let variables = prompt.environment
    // These show the questions as text, or draw cells only.
    let isDeaf =
      variables["TERM_PROGRAM"] == "Apple_Terminal"
      || ["INSIDE_EMACS", "STY"].contains { variables[$0] != nil }
    guard !hasAsked, !isDeaf, previewStyle != .none else { return }
    hasAsked = true
    terminalFacts.ask()
    terminal.write(TerminalFacts.questions(ofMultiplexer: variables["TMUX"] != nil))
  }

  /// Takes the answers that are still on their way.
  func awaitAnswers() {
    let end = Instant.now + Self.answerTime
    while hasAsked, terminalFacts.isAwaited, outcome == .left {
      let left = (end - Instant.now) / .milliseconds(1)
      guard left > 0, terminal.isReadable(within: Int32(left)), let bytes = terminal.read(),
        !bytes.isEmpty
      else { return }
      for case .reply(let reply) in decoder.feed(bytes, at: .now) { terminalFacts.note(reply) }
    }
  }

  /// Begins the next prompt, after a preview if there is something to show.
  func beginPreview(_ pictures: [PictureSource]) {
    let style = terminalFacts.style(previewStyle, isChosen: isStyleChosen)
    guard !pictures.isEmpty, style != .none else { return beginPrompt() }
    let preview = Preview(
      style: style, cell: terminalFacts.cell, columns: renderer.columns, rows: renderer.rows,
      isRemote: prompt.environment["SSH_CONNECTION"] != nil)
    let (inbox, number, isFirst) = (inbox, statementCount, !hasToldOfPreviews)
    Task.detached {
      var bytes: [UInt8] = []
      do {
        bytes = preview.bytes(try await preview.thumbnails(pictures))
        let rest = pictures.count - Preview.sheetLimit
        if rest > 0 { bytes += Array("\u{1b}[2mand \(rest) more\u{1b}[m\n".utf8) }
      } catch {
        let reason = Printable.escaped("no preview: \(error)")
        if isFirst { bytes = Array("\u{1b}[2m\(reason)\u{1b}[m\n".utf8) }
        inbox.send(.previewFailed)
      }
      inbox.send(.preview(bytes, ofStatement: number))
    }
    mode = .preview(deadline: .now + Self.previewTime)
    typedAhead = terminal.setRaw()
  }

  func show(preview bytes: [UInt8], ofStatement number: Int) {
    switch mode {
    case .preview where number == statementCount:
      terminal.write(renderer.above(bytes))
      beginPrompt()
    case .prompt: terminal.write(renderer.above(bytes))
    default: latePreviews += bytes
    }
  }
}

extension Preview {
  /// The thumbnails of the first pictures, in order.
  fileprivate func thumbnails(_ pictures: [PictureSource]) async throws -> [Thumbnail] {
    let shown = pictures.prefix(Self.sheetLimit)
    let box = box(for: shown.count)
    return try await withThrowingTaskGroup(of: (Int, Thumbnail).self) { group in
      for (index, picture) in shown.enumerated() {
        group.addTask { (index, try await picture.thumbnail(box)) }
      }
      var found: [Int: Thumbnail] = [:]
      for try await (index, thumbnail) in group { found[index] = thumbnail }
      return shown.indices.compactMap { found[$0] }
    }
  }
}
