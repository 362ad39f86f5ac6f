// Questions that the next key answers, also while a statement runs.
extension PromptDriver {
  func ask(_ question: PromptQuestions.Question) {
    questions.append(question)
    if questions.count == 1 { showQuestion() }
  }

  private func showQuestion() {
    guard let question = questions.first else { return }
    holdInputs()
    // What the terminal still has was typed before, too.
    while terminal.isReadable(within: 0), let bytes = terminal.read(), !bytes.isEmpty {
      inputsBeforeQuestion += decode(bytes, .now)
    }
    let text = "\(Printable.escaped(question.text)) y/n "
    if case .prompt = mode {
      writeText(text + "\n")
    } else {
      typedAhead = terminal.setRaw()
      if typedAhead > 0, let bytes = terminal.read(typedAhead) {
        inputsBeforeQuestion += decode(bytes, .now)
      }
      terminal.write(Array("\r\u{1b}[K\(text)".utf8))
    }
  }

  /// Only keys that are typed when the question is there answer it.
  private func holdInputs() {
    inputsBeforeQuestion += waitingInputs
    waitingInputs = []
  }

  private func releaseInputs() {
    waitingInputs = inputsBeforeQuestion + waitingInputs
    inputsBeforeQuestion = []
  }

  /// Takes the keys of an open question; what is neither yes nor no is ignored.
  func answerQuestions() {
    while let question = questions.first, !waitingInputs.isEmpty {
      guard case .key(let key, let modifiers) = waitingInputs.removeFirst() else { continue }
      let isYes: Bool
      switch (key, modifiers) {
      case (.character("y"), []), (.character("Y"), []): isYes = true
      case (.character("n"), []), (.character("N"), []), (.escape, _),
        (.character("c"), .control):
        isYes = false
      default: continue
      }
      questions.removeFirst()
      if case .prompt = mode {
      } else {
        terminal.write(Array("\(isYes ? "yes" : "no")\r\n".utf8))
        if questions.isEmpty { terminal.setCooked() }
      }
      question.answer(isYes)
      if questions.isEmpty { releaseInputs() } else { showQuestion() }
    }
  }

  /// Nobody will answer.
  func endQuestions() {
    for question in questions { question.answer(false) }
    questions = []
    releaseInputs()
  }
}
