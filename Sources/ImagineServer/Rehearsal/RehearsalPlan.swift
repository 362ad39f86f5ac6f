import ImagineCore

/// How a server misbehaves on purpose, as a file says.
///
/// ```toml
/// paint = "card"                       # pictures that bear their prompt, in no time
///
/// [[fault]]
/// route = "/v2/image/generations"      # * stands for one piece of a path
/// method = "POST"                      # any, where it is not given
/// after = 1                            # calls let through first
/// count = 2                            # calls that meet the fault; every one, where not given
/// status = 429
/// code = 1202
/// retry_after = 2                      # seconds
/// ```
public struct RehearsalPlan: Sendable {
  /// What happens to the body of an answer.
  public enum Body: String, CaseIterable, Sendable {
    /// The second half never comes.
    case stall
    /// The connection ends after the first half.
    case cut
  }

  /// When the connection ends without an answer.
  public enum Close: String, CaseIterable, Sendable {
    /// Before any work.
    case before
    /// When the work is done.
    case after
  }

  /// What draws pictures.
  public enum Paint: String, CaseIterable, Sendable {
    /// A card of the right size with the prompt and the seed.
    case card
  }

  /// One way of misbehaving.
  public struct Fault: Sendable, Equatable {
    public var route: String
    public var method: String?
    /// Matching calls that are let through first.
    public var after = 0
    /// Matching calls that meet the fault; nil for every one.
    public var count: Int?
    /// Answer with an HTTP status instead of working.
    public var status: Int?
    /// Answer with an error code instead of working.
    public var code: Int?
    /// Seconds, as the answer's `Retry-After`.
    public var retryAfter: Double?
    /// Seconds to wait before anything else.
    public var delay: Double?
    public var body: Body?
    public var close: Close?
    /// Do the work twice, as for a request that arrived twice.
    public var duplicate = false

    public init(route: String) {
      self.route = route
    }

    /// Whether call number `number` to the route, the first being 0, meets the fault.
    func isDue(at number: Int) -> Bool {
      number >= after && count.map { number < after + $0 } ?? true
    }

    /// Whether some path of a route, in which `*` stands for any one piece, is one of the fault's.
    func isFor(_ route: String) -> Bool {
      let (mine, its) = (self.route.split(separator: "/"), route.split(separator: "/"))
      return mine.count == its.count
        && zip(mine, its).allSatisfy { $0 == "*" || $1 == "*" || $0 == $1 }
    }

    /// Whether a request is one that the fault is for.
    func matches(method: String, path: String) -> Bool {
      if let wanted = self.method, wanted != method { return false }
      let pattern = route.split(separator: "/")
      let pieces = path.split(separator: "/")
      return pattern.count == pieces.count
        && zip(pattern, pieces).allSatisfy { $0 == "*" || $0 == $1 }
    }
  }

  public var paint: Paint?
  public var faults: [Fault]

  public init(paint: Paint? = nil, faults: [Fault] = []) {
    self.paint = paint
    self.faults = faults
  }

  /// Reads a plan.
  ///
  /// - Throws: ``SettingsFault`` where the file is missing, or says something else than above.
  public init(file path: String) throws {
    do {
      try self.init(toml: SettingsTable.text(of: path))
    } catch let fault as SettingsFault {
      throw SettingsFault("\(path): \(fault.description)")
    }
  }

  /// - Throws: ``SettingsFault`` where a fault is for a route that the service does not have, and
  ///   would never be met.
  func check(against routes: [Route]) throws(SettingsFault) {
    for fault in faults {
      let paths = routes.filter { fault.isFor($0.path) }
      guard !paths.isEmpty else {
        let nearest = Spelling.nearest(to: fault.route, among: routes.map(\.path))
        throw SettingsFault(
          "there is no route '\(fault.route)'\(nearest.map { "; did you mean '\($0)'?" } ?? "")")
      }
      guard let method = fault.method else { continue }
      let methods = Set(paths.map(\.method.rawValue))
      guard methods.contains(method) || method == "HEAD" && methods.contains("GET") else {
        throw SettingsFault(
          "the route '\(fault.route)' answers \(methods.sorted().joined(separator: ", ")), "
            + "not \(method)")
      }
    }
  }

  /// The plan that a file's text is.
  init(toml text: String) throws(SettingsFault) {
    let file = try SettingsTable(file: text, keys: ["paint", "fault"])
    paint = try file.choice("paint", Paint.self)
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

extension RehearsalPlan.Fault {
  fileprivate init(_ table: SettingsTable) throws(SettingsFault) {
    guard let route = try table.text("route"), route.hasPrefix("/") else {
      throw table.fault("'route' is needed, such as \"/v2/image/generations\"")
    }
    self.init(route: route)
    method = try table.text("method")?.uppercased()
    after = try table.integer("after", 0...Int(Int32.max)) ?? 0
    count = try table.integer("count", 1...Int(Int32.max))
    status = try table.integer("status", 200...599)
    code = try table.integer("code", 0...9999)
    retryAfter = try table.seconds("retry_after")
    delay = try table.seconds("delay")
    body = try table.choice("body", RehearsalPlan.Body.self)
    close = try table.choice("close", RehearsalPlan.Close.self)
    duplicate = try table.boolean("duplicate") ?? false
    guard code == nil || status != nil || code.flatMap(ServiceFault.with(code:)) != nil else {
      throw table.fault("'code' is in no table, so 'status' is needed, too")
    }
    guard retryAfter == nil || status != nil || code != nil else {
      throw table.fault("'retry_after' goes with 'status' or 'code'")
    }
    guard
      status != nil || code != nil || delay != nil || body != nil || close != nil || duplicate
    else { throw table.fault("nothing goes wrong here") }
  }
}
