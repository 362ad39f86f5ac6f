import Lua

// `imagine.repl()`: statements at a place where a script or task has stopped.
extension PromptDriver {
  func attachStops() {
    let (inbox, streams) = (inbox, streams)
    prompt.stops?.attach(
      StopPoints.Server(
        serve: { inbox.send(.stopped($0)) }, toTerminal: { streams.toTerminal() }))
  }

  /// A script or task has stopped while this prompt runs.
  func stop(at point: StopPoint) {
    if case .foreground = mode { return stop(at: point, isForeground: true) }
    stop(at: point, isForeground: false)
  }

  func stop(at point: StopPoint, isForeground: Bool) {
    places.append((point, isForeground))
    point.whenCancelled { [inbox] in inbox.send(.cancelledStop(point)) }
    let isAtPrompt = if case .prompt = mode { servedPoint !== point } else { false }
    let text = dim(
      "stopped at \(Printable.escaped(point.place)); locals are in sight, Ctrl-D goes on")
    editor.prompt = "stop> "
    if isAtPrompt {
      writeText(text)
      return draw()
    }
    if isForeground {
      point.setForeground()
      session.ask { [streams] _ in streams.toPipe() }
    }
    // A statement that waits for the Lua thread ends in a prompt by itself.
    if case .queued = mode { return writeText(text) }
    findColumnOne()
    terminal.write(Array(text.utf8))
    beginPrompt()
  }

  /// Leaves the line as it is, unless a command has left it already.
  func leaveLine() {
    guard renderer.isShown else { return }
    terminal.write(renderer.leave(editor.finalView(columns: renderer.columns)))
  }

  /// Lets the script go on.
  func leavePlace() {
    guard let place = places.popLast() else { return }
    leave(place)
  }

  /// A script or task was cancelled where it had stopped.
  func leaveCancelled(_ point: StopPoint) {
    guard let index = places.firstIndex(where: { $0.point === point }) else { return }
    let isLast = index == places.count - 1
    let place = places.remove(at: index)
    if isLast { leave(place) }
  }

  private func leave(_ place: (point: StopPoint, isForeground: Bool)) {
    let (point, isForeground) = place
    leaveLine()
    editor.reset()
    if point === servedPoint {
      // The script goes on when the terminal is as before.
      hasEnded = true
    } else if isForeground {
      terminal.setCooked()
      mode = .foreground
      point.end()
    } else {
      point.end()
      beginPrompt()
    }
  }
}
