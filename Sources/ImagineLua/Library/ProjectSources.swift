import ImagineStdlib

/// The sources that a project for workflows begins with.
package enum ProjectSources {
  package static var example: [UInt8] { StandardLibrary.projectExample }
  package static var test: [UInt8] { StandardLibrary.projectTest }

  /// The annotations for editors: of what the host defines, and of the library's modules.
  package static var types: [(name: String, bytes: [UInt8])] {
    [("imagine", StandardLibrary.types)]
      + StandardLibrary.moduleNames.map { ($0, StandardLibrary.source(ofModule: $0)) }
  }
}
