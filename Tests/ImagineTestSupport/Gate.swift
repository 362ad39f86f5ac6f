/// Suspends every caller of `arrive` until the gate opens.
public actor Gate {
  private var missing: Int
  private let opensByItself: Bool
  private var isOpen = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// - Parameter opensByItself: true to open when `count` callers have arrived; false to wait for
  ///   `open`.
  public init(_ count: Int, opensByItself: Bool = false) {
    missing = count
    self.opensByItself = opensByItself
  }

  public func arrive() async {
    missing -= 1
    if missing == 0, opensByItself { open() }
    if !isOpen { await withCheckedContinuation { waiting.append($0) } }
  }

  public func open() {
    isOpen = true
    for continuation in waiting { continuation.resume() }
    waiting = []
  }
}
