public import ImagineAPI
public import Lua

/// What the prompt asks of the program around it. Every function may be called on any thread and must
/// be quick, unless it says otherwise.
public protocol SessionHost: Sendable {
  /// The lines at the start: version, provider, how to get help.
  var greeting: [String] { get }
  /// The keyword arguments of a function that takes a table, such as `imagine.generate`; empty if it
  /// is not known.
  func fields(ofCall path: String) -> [CallFieldHelp]
  /// The texts that a keyword argument may be; empty if any. May read files.
  func values(ofField name: String, inCall path: String) -> [String]
  /// The texts that the first argument of a function may be, such as the ids of jobs for
  /// `imagine.wait`; empty if it is not known. May read files.
  func texts(forArgumentOf path: String) -> [(text: String, meaning: String)]
  /// The help about a topic: `imagine.generate`, `styles`, `fs.read`, or with a colon at its end the
  /// type of a value, `Image:`; nil if there is none.
  func help(_ topic: String) -> String?
  /// A few words about a function or a field such as `fs.read` or `Image:save`, for a menu; nil if
  /// there are none.
  func summary(_ topic: String) -> String?
  /// The text of `:runs` and `:spent`. May read files.
  func runs() -> String
  func spent() -> String
  /// One line of facts about a userdata; nil if it is not the host's. On the Lua thread.
  func describe(_ value: LuaUserdataReference) -> String?
  /// The picture of a userdata; nil if it has none. On the Lua thread.
  func picture(of value: LuaUserdataReference) -> PictureSource?
  /// How previews are shown; ``PreviewStyle/names``. Nil if the user has not said. May read files.
  var previewStyle: String? { get }
  /// Whether something of earlier sessions asks for attention: unfinished runs, finished jobs. A line
  /// each. May read files.
  func announcements() -> [String]
  /// What happens behind the prompt and is worth a line, such as the end of a job.
  var events: AsyncStream<String> { get }
  /// The money and calls so far, to tell what a statement has cost.
  func spendingSoFar() -> SessionSpending
  /// Amounts in words, such as `12 tokens`.
  func priceText(_ amounts: [String: Int64]) -> String
  /// Texts that must not get into the history: tokens.
  var secrets: [String] { get }
}

/// A keyword argument.
public struct CallFieldHelp: Sendable {
  public var name: String
  /// What it means, in a few words.
  public var meaning: String
  /// The texts that it may be; empty if any.
  public var allowed: [String]

  public init(name: String, meaning: String, allowed: [String] = []) {
    (self.name, self.meaning, self.allowed) = (name, meaning, allowed)
  }
}

/// Something of which a preview can be shown.
public struct PictureSource: Sendable {
  /// Makes a small copy, at most as large as the box.
  public var thumbnail: @Sendable (_ box: PixelSize) async throws -> Thumbnail

  public init(thumbnail: @escaping @Sendable (_ box: PixelSize) async throws -> Thumbnail) {
    self.thumbnail = thumbnail
  }
}

/// What has been called and paid for.
public struct SessionSpending: Sendable, Equatable {
  public var calls: Int
  /// Millionths of each unit.
  public var amounts: [String: Int64]

  public init(calls: Int = 0, amounts: [String: Int64] = [:]) {
    (self.calls, self.amounts) = (calls, amounts)
  }

  /// What was spent since.
  func since(_ earlier: SessionSpending) -> SessionSpending {
    var rest = self
    rest.calls -= earlier.calls
    for (unit, amount) in earlier.amounts { rest.amounts[unit, default: 0] &-= amount }
    rest.amounts = rest.amounts.filter { $0.value != 0 }
    return rest
  }
}

extension SessionHost {
  public func fields(ofCall path: String) -> [CallFieldHelp] { [] }
  public func values(ofField name: String, inCall path: String) -> [String] {
    fields(ofCall: path).first { $0.name == name }?.allowed ?? []
  }
  public func texts(forArgumentOf path: String) -> [(text: String, meaning: String)] { [] }
  public func help(_ topic: String) -> String? { nil }
  public func summary(_ topic: String) -> String? { nil }
  public func runs() -> String { "There are no runs.\n" }
  public func spent() -> String { "Nothing was spent.\n" }
  public func describe(_ value: LuaUserdataReference) -> String? { nil }
  public func picture(of value: LuaUserdataReference) -> PictureSource? { nil }
  public var previewStyle: String? { nil }
  public func announcements() -> [String] { [] }
  public var events: AsyncStream<String> { AsyncStream { $0.finish() } }
  public func spendingSoFar() -> SessionSpending { SessionSpending() }
  public func priceText(_ amounts: [String: Int64]) -> String { "" }
  public var secrets: [String] { [] }
}
