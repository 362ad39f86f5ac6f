import HTTPTypes
import ImagineAPI

/// The faults that a server injects on purpose, read from the file of `--rehearse`.
///
/// ```toml
/// paint = "card"                       # placeholder images that show their prompt
/// idempotency = true                   # honour Idempotency-Key, as without a rehearsal
///
/// [[fault]]
/// route = "/v2/image/generations"      # * matches one component of a path
/// method = "POST"                      # any if absent
/// after = 1                            # calls that succeed first
/// count = 2                            # calls that get the fault; all if absent
/// status = 429
/// code = 1202
/// retry_after = 2                      # seconds
/// ```
public struct FaultPlan: Sendable {
  /// How the body of an answer breaks.
  public enum Body: String, CaseIterable, Sendable {
    /// The second half is never sent.
    case stall
    /// The connection closes after the first half.
    case cut
  }

  /// When the connection closes without an answer.
  public enum Close: String, CaseIterable, Sendable {
    /// Before any work.
    case before
    /// After the work is done.
    case after
  }

  /// A replacement for the engine's images.
  public enum Paint: String, CaseIterable, Sendable {
    /// A ``PlaceholderImage`` of the right size with the prompt and the seed.
    case card
  }

  /// One fault.
  public struct Fault: Sendable, Equatable {
    public var route: String
    public var method: String?
    /// Matching calls that succeed first.
    public var after = 0
    /// Matching calls that get the fault; nil for all.
    public var count: Int?
    /// HTTP status to answer with instead of doing the work.
    public var status: Int?
    /// Error code to answer with instead of doing the work.
    public var code: Int?
    /// `Retry-After` of the answer, in seconds.
    public var retryAfter: Double?
    /// Seconds to wait first.
    public var delay: Double?
    public var body: Body?
    public var close: Close?
    /// Does the work twice, as if the request had arrived twice.
    public var duplicate = false

    public init(route: String) {
      self.route = route
    }

    /// Whether a call gets the fault. `number` counts matching calls from 0.
    func isDue(at number: Int) -> Bool {
      number >= after && count.map { number < after + $0 } ?? true
    }

    /// Whether the fault matches some path of a route. `*` matches any one component in both.
    func overlaps(_ route: String) -> Bool {
      let (mine, its) = (self.route.split(separator: "/"), route.split(separator: "/"))
      return mine.count == its.count
        && zip(mine, its).allSatisfy { $0 == "*" || $1 == "*" || $0 == $1 }
    }

    /// Whether the fault applies to a request.
    func matches(method: String, path: String) -> Bool {
      if let wanted = self.method, wanted != method { return false }
      let pattern = route.split(separator: "/")
      let components = path.split(separator: "/")
      return pattern.count == components.count
        && zip(pattern, components).allSatisfy { $0 == "*" || $0 == $1 }
    }
  }

  public var paint: Paint?
  /// Whether an `Idempotency-Key` is honoured. Most services honour none.
  public var honoursKeys: Bool
  public var faults: [Fault]

  public init(paint: Paint? = nil, honoursKeys: Bool = false, faults: [Fault] = []) {
    self.paint = paint
    self.honoursKeys = honoursKeys
    self.faults = faults
  }

  /// Reads a plan.
  ///
  /// - Throws: ``SettingsError`` if the file is missing or invalid.
  public init(file path: String) throws(SettingsError) {
    do throws(SettingsError) {
      try self.init(toml: SettingsTable.text(of: path))
    } catch {
      throw SettingsError("\(path): \(error.description)")
    }
  }

  /// - Throws: ``SettingsError`` if a fault names a route or method that the service does not have.
  func check(against routes: [Route]) throws(SettingsError) {
    for fault in faults {
      let paths = routes.filter { fault.overlaps($0.path) }
      guard !paths.isEmpty else {
        let nearest = Spelling.nearest(to: fault.route, among: routes.map(\.path))
        throw SettingsError(
          "there is no route '\(fault.route)'\(nearest.map { "; did you mean '\($0)'?" } ?? "")")
      }
      guard let method = fault.method else { continue }
      let methods = Set(paths.map(\.method.rawValue))
      guard methods.contains(method) || method == "HEAD" && methods.contains("GET") else {
        throw SettingsError(
          "the route '\(fault.route)' answers \(methods.sorted().joined(separator: ", ")), "
            + "not \(method)")
      }
    }
  }

  /// Parses a plan.
  init(toml text: String) throws(SettingsError) {
    let file = try SettingsTable(file: text, keys: ["paint", "idempotency", "fault"])
    paint = try file.choice("paint", Paint.self)
    honoursKeys = try file.boolean("idempotency") ?? false
    faults = []
    let keys = [
      "route", "method", "after", "count", "status", "code", "retry_after", "delay", "body",
      "close", "duplicate",
    ]
    for table in try file.tables("fault", keys: keys) {
      faults.append(try Fault(table))
    }
  }
}

extension FaultPlan.Fault {
  fileprivate init(_ table: SettingsTable) throws(SettingsError) {
    guard let route = try table.text("route"), route.hasPrefix("/") else {
      throw table.error("'route' is required, such as \"/v2/image/generations\"")
    }
    self.init(route: route)
    method = try table.text("method")?.uppercased()
    after = try table.integer("after", 0...Int(Int32.max)) ?? 0
    count = try table.integer("count", 1...Int(Int32.max))
    status = try table.integer("status", 200...599)
    code = try table.integer("code", 0...9999)
    retryAfter = try table.seconds("retry_after")
    delay = try table.seconds("delay")
    body = try table.choice("body", FaultPlan.Body.self)
    close = try table.choice("close", FaultPlan.Close.self)
    duplicate = try table.boolean("duplicate") ?? false
    guard code == nil || status != nil || code.flatMap(APIErrorCode.with(code:)) != nil else {
      throw table.error("'code' is not in the error table, so 'status' is required")
    }
    guard retryAfter == nil || status != nil || code != nil else {
      throw table.error("'retry_after' requires 'status' or 'code'")
    }
    guard
      status != nil || code != nil || delay != nil || body != nil || close != nil || duplicate
    else {
      throw table.error(
        "this fault has no effect: give a status, code, delay, body, close or duplicate")
    }
  }
}
