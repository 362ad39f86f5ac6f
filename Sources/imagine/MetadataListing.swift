import ImagineAPI
import ImagineScripting
import MediaFiles

/// An image's metadata as lines of a name and a value.
struct MetadataListing {
  private(set) var lines: [String] = []

  init(_ metadata: ImageMetadata, _ provenance: Provenance) {
    add(metadata.request)
    add("provider", metadata.provider)
    if let engine = metadata.engine { add("engine", "built in, \(engine)") }
    if let price = metadata.price { add("price", price.description) }
    if let run = metadata.run { add("run", run) }
    if let script = provenance.script { add("script", script.text) }
    if let sha256 = metadata.sha256 { add("sha256", sha256) }
    if let isComposite = metadata.isComposite {
      add("outside mask", isComposite ? "the original's pixels" : "as the provider returned it")
    }
    if let drift = metadata.drift { add("drift", drift.description) }
    if let original = metadata.original { add("original", original) }
    for (field, hashes) in metadata.request.images.sorted(by: { $0.key < $1.key }) {
      for sha256 in hashes {
        let place =
          provenance.keptParents.contains(sha256) ? "in the asset store" : "not in the asset store"
        add("parent", "\(sha256) (\(field), \(place))")
      }
    }
    if !metadata.redactedFields.isEmpty {
      add("left out", metadata.redactedFields.map { "extra.\($0)" }.joined(separator: ", "))
    }
  }

  /// The request that will be sent.
  init(_ request: RequestDescription) {
    add(request)
  }

  private mutating func add(_ name: String, _ value: String) {
    lines.append(Self.line(name, value))
  }

  private mutating func add(_ request: RequestDescription) {
    add("operation", request.operation)
    let order = MediaOperation.named(request.operation)?.fields.map(\.name) ?? []
    let names = request.fields.keys.sorted {
      (order.firstIndex(of: $0) ?? order.count, $0) < (order.firstIndex(of: $1) ?? order.count, $1)
    }
    for name in names { add(name, request.fields[name]?.description ?? "") }
    for (name, value) in request.extra.sorted(by: { $0.key < $1.key }) {
      add("extra.\(name)", value.description)
    }
  }

  /// A line that is safe to print. Further lines of a value are indented, so that none looks like a
  /// line of its own.
  static func line(_ name: String, _ value: String) -> String {
    let value = value.printable.split(separator: "\n", omittingEmptySubsequences: false)
    let name = name.inOneLine
    guard Listing.isForTerminal else {
      return "\(name)\t\(value.joined(separator: "\n\t"))"
    }
    let width = 15
    let gap = String(repeating: " ", count: max(0, width - name.count) + 1)
    let indentation = String(repeating: " ", count: width + 1)
    return "\(name)\(gap)\(value.joined(separator: "\n\(indentation)"))"
  }
}
