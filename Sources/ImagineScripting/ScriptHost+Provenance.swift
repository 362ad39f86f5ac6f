import HostStore
import ImagineAPI
public import ImagineRuns
import ImagineSystem
public import MediaFiles
import Synchronization

/// How an image was made, as its file says.
///
/// Anybody can write anything into a file. Print the values with `printable`, and trust them only
/// as far as you trust the image's source.
public struct Provenance: Sendable {
  /// A text in the file.
  public struct Text: Sendable, Encodable {
    public var keyword: String
    public var text: String
  }

  public var format: ImageFormat
  /// Pixels.
  public var size: PixelSize
  /// The host's own metadata; nil if the file has none.
  public var metadata: ImageMetadata?
  /// Other texts of the file, such as `parameters` of other programs.
  public var texts: [Text]
  /// The hashes of those input images that are in the asset store.
  public var keptParents: Set<String>
  /// The script of the run that the metadata names; nil if this home's journal does not have that
  /// run.
  public var script: Script?
}

extension ScriptHost {
  /// Whether nothing would be replaced at a path: no file exists there, or it is a device or a
  /// pipe.
  public func mayWrite(_ path: FilePath) throws -> Bool {
    try path.isStream || path.status() == nil
  }

  /// Reads how an image was made. It decodes no pixels and sends nothing.
  ///
  /// - Throws: `ImagineError` of kind `io` if the file cannot be read, and `validation` if it is
  ///   not an image.
  public func provenance(ofImage path: FilePath) throws -> Provenance {
    let file = try ImageTexts(ofFile: path)
    let own = file.metadata
    let ownKeywords = ["imagine", "XMP", "XML:com.adobe.xmp"]
    let texts = file.entries.filter { entry in
      own == nil || !(ownKeywords.contains(entry.keyword) || entry.text == own?.parameters)
    }
    return Provenance(
      format: file.format, size: file.size, metadata: own,
      texts: texts.map { Provenance.Text(keyword: $0.keyword, text: $0.text) },
      keptParents: Set(try own?.parents.filter { try core.hasAsset($0) } ?? []),
      script: try own?.run.flatMap(script(ofRun:)))
  }

  /// The journal accepts prefixes of ids; here only the whole id may match.
  private func script(ofRun id: String) throws -> Script? {
    do {
      let run = try journal.run(id).run
      return run.id == id ? run.script : nil
    } catch let error as ImagineError where error.kind == .notFound || error.kind == .validation {
      return nil
    }
  }

  /// Prepares the request in an image's metadata to be sent again; sends nothing.
  ///
  /// - Parameter provider: the provider to use; nil for the one that the metadata names.
  /// - Throws: `ImagineError`, as `Workflow.rerunRequest(for:provider:)` does.
  public func rerunRequest(
    for metadata: ImageMetadata, provider: String? = nil
  ) throws -> RerunRequest {
    try core.rerunRequest(for: metadata, provider: provider)
  }

  /// Generates an image again and saves it in the format of the path's extension. It is a call of
  /// the run, as a script's calls are: ``RunOptions/resumption`` applies.
  ///
  /// - Throws: `ImagineError`.
  public func rerun(_ request: RerunRequest, to path: FilePath, replacing: Bool = false)
    async throws
  {
    do {
      try await core.rerun(request, to: path, replacing: replacing)
    } catch {
      hasFailed.withLock { $0 = true }
      throw error
    }
  }
}
