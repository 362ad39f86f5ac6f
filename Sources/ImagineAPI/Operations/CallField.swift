/// The fields that calls take beside those of their operation: their options.
public enum CallField {
  public static let provider = Field(
    "provider", .openChoice(BuiltInProvider.names), .optional,
    summary: "the provider's name; by default the one that is configured")

  public static let count = Field(
    "n", .integer(1...100), .optional,
    summary: "how many images; the call then returns a list, even of one image")

  public static let composite = Field(
    "composite", .flag, .defaulted("true"),
    summary: "put the original back outside the mask if the provider may change it too")

  public static let timeout = Field(
    "timeout", .seconds, .defaulted(Field.formatted(StandardTimeout.attempt)), unit: "seconds",
    summary: "the timeout of each attempt, with the downloads of its images")

  public static let retries = Field(
    "retries", .integer(0...20), .defaulted(String(RetryPolicy.standardRetries)),
    summary: "the most retries of a request that provably was not processed")

  public static let retryUncertain = Field(
    "retry_uncertain", .flag, .defaulted("false"),
    summary: "retry even if the call may have been billed")

  public static let cache = Field(
    "cache", .flag, .defaulted("false"),
    summary: "use the answer of an equal call with a seed in an earlier run")

  public static let extra = Field(
    "extra", .other("a table"), .optional,
    summary: "fields of the provider that Imagine does not know, sent unchecked")

  /// How to send and retry a call: ``CallOptions``.
  public static let sending = [timeout, retries, retryUncertain]

  /// The options of every call.
  public static let ofEveryCall = [provider] + sending + [cache, extra]

  /// The options of an operation's calls. Only images are counted, and only edits inside a mask are
  /// put together with the original.
  public static func all(for operation: MediaOperation) -> [Field] {
    [provider] + (operation.answer == .image ? [count] : [])
      + (operation.editsInsideMask ? [composite] : []) + sending + [cache, extra]
  }
}

/// The fields of `imagine.configure`: defaults of calls, and limits of the run.
public enum SettingField {
  public static let provider = Field(
    "provider", .openChoice(BuiltInProvider.names), .optional,
    summary: "the provider of calls that name none")

  public static let cache = Field(
    "cache", .flag, .optional, summary: "whether calls use the cache unless they set it")

  /// Calls in flight at a service unless a script sets a limit.
  public static let standardConcurrency = 8

  public static let concurrency = Field(
    "concurrency", .integer(1...1000), .defaulted(String(standardConcurrency)),
    summary: "the most calls in flight at each service")

  public static let rate = Field(
    "rate", .integer(1...100_000), .optional, unit: "calls a minute",
    summary: "the most calls that begin in a minute at each service")

  public static let budget = Field(
    "budget", .other("a number of tokens, or a table such as { USD = 2.5, calls = 10 }"), .optional,
    summary: "the most that the run may spend")

  public static let maxCalls = Field(
    "max_calls", .integer(0...1_000_000_000), .optional,
    summary: "the most calls that the run may make")

  public static let allowUnpriced = Field(
    "allow_unpriced", .flag, .optional,
    summary: "whether a budget allows calls without a known price")

  public static let defaults = Field(
    "defaults", .other("a table of fields, such as { style = \"anime\", aspect_ratio = \"16:9\" }"),
    .optional, summary: "fields of calls that do not set them and can have them")

  public static let all =
    [provider] + CallField.sending
    + [cache, defaults, concurrency, rate, budget, maxCalls, allowUnpriced]
}

/// The options of `wait`.
public enum WaitField {
  public static let provider = Field(
    "provider", .openChoice(BuiltInProvider.names), .optional,
    summary: "the job's provider; by default the one that issued its id")

  public static let timeout = Field(
    "timeout", .seconds, .defaulted(Field.formatted(StandardTimeout.wait)), unit: "seconds",
    summary: "the timeout of the wait, with the download of the video")

  public static let onProgress = Field(
    "on_progress", .other("a function"), .optional,
    summary: "called with the job when its status or progress has changed")

  public static let all = [provider, timeout, onProgress]
}
