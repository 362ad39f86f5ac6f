import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// An element of an XML answer, with its text and the elements in it.
struct S3Document: Sendable {
  let name: String
  fileprivate(set) var text = ""
  fileprivate(set) var children: [S3Document] = []

  fileprivate init(name: String) { self.name = name }

  /// Nil for what is no XML.
  init?(_ bytes: [UInt8]) {
    let parser = XMLParser(data: Data(bytes))
    let builder = DocumentBuilder()
    parser.delegate = builder
    guard parser.parse(), let root = builder.root else { return nil }
    self = root
  }

  /// The text of the first child with a name.
  subscript(name: String) -> String? { children.first { $0.name == name }?.text }

  func all(_ name: String) -> [S3Document] { children.filter { $0.name == name } }
}

private final class DocumentBuilder: NSObject, XMLParserDelegate {
  private(set) var root: S3Document?
  private var open: [S3Document] = []
  /// An answer of S3 has three levels.
  private static let maxDepth = 16

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    guard open.count < Self.maxDepth else { return parser.abortParsing() }
    open.append(S3Document(name: name))
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    guard !open.isEmpty else { return }
    open[open.count - 1].text += text
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard let element = open.popLast() else { return }
    if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
  }
}
