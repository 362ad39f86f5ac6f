import ImagineAPI
import ImagineSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `imagine doctor` says about the models that a provider lists.
struct ModelFindings {
  private(set) var all: [Finding]

  /// How many seconds before its end a model is worth a warning.
  private static let warning = 60.0 * 86_400
  /// The most models that are named.
  private static let maxNames = 20

  /// - Parameter now: seconds since 1970.
  init(
    _ listed: [ListedModel], of profile: ProviderProfile, selectedBy reason: String,
    now: Double = WallClock.now
  ) {
    let subject = "provider \(profile.name)"
    let models = listed.filter { $0.role == .model }
    let names = models.map(\.id).sorted()
    let more = names.count > Self.maxNames ? ", …" : ""
    all = [
      Finding(
        subject: subject, verdict: .fine,
        detail: "\(reason); it answers and lists \(names.count) models"
          + (names.isEmpty ? "" : ": ")
          + names.prefix(Self.maxNames).joined(separator: ", ") + more)
    ]
    let standard = Set(profile.operations.compactMap { $0.field("model")?.hostDefault })
    for name in standard.sorted()
    where !names.isEmpty && !models.contains(where: { $0.isNamed(name) }) {
      all.append(
        Finding(
          subject: "model \(name)", verdict: .note, detail: "\(profile.name) does not list it",
          advice: "set `model` to one that it lists"))
    }
    for model in models.sorted(by: { ($0.endsAt ?? 0, $0.id) < ($1.endsAt ?? 0, $1.id) }) {
      guard let end = model.endsAt, end - now <= Self.warning else { continue }
      let days = max(0, Int(min((end - now) / 86_400, 1000)))
      let when = end <= now ? "has been shut down" : "is shut down in \(days) days"
      all.append(
        Finding(
          subject: "model \(model.id)", verdict: standard.contains(model.id) ? .problem : .note,
          detail: "\(when), on \(Self.date(end))", advice: "use another model"))
    }
  }

  /// The date in UTC, such as `2026-12-01`.
  private static func date(_ seconds: Double) -> String {
    String(Date(timeIntervalSince1970: seconds).formatted(.iso8601).prefix(10))
  }
}
