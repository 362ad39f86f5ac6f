import ImagineStore
import ImagineSystem
import Synchronization

/// What is known of how a picture was made, by what its file tells.
///
/// Anybody can write anything into a file: show what stands here with `printable`, and believe it as
/// far as you believe whoever gave you the picture.
public struct Provenance: Sendable {
  /// A text that the file carries.
  public struct Text: Sendable, Encodable {
    public var keyword: String
    public var text: String
  }

  public var format: PictureFormat
  /// Pixels.
  public var size: PixelSize
  /// How the host made it; nil where the file does not tell in the host's own form.
  public var metadata: PictureMetadata?
  /// The other texts of the file, such as `parameters` of other programs.
  public var texts: [Text]
  /// Of the pictures that it was made from, the hashes of those that the asset store has.
  public var keptParents: Set<String>
  /// What the run executed that the picture names; nil where this home's journal does not know it.
  public var script: Script?
}

extension ScriptHost {
  /// Whether a new file can have a path without taking another's place; a device or a pipe is written
  /// to.
  public func mayWrite(_ path: FilePath) throws -> Bool {
    try path.isStream || path.facts() == nil
  }

  /// Reads what a picture tells of its making: nothing is decoded, asked for or believed.
  ///
  /// - Throws: ``ImagineError`` of kind `io` where the file cannot be read, and `validation` where
  ///   it is no picture.
  public func provenance(ofPicture path: FilePath) throws -> Provenance {
    let file = try PictureTexts(ofFile: path)
    let own = file.metadata
    let ownKeywords = ["imagine", "XMP", "XML:com.adobe.xmp"]
    let texts = file.entries.filter { entry in
      own == nil || !(ownKeywords.contains(entry.keyword) || entry.text == own?.parameters)
    }
    return Provenance(
      format: file.format, size: file.size, metadata: own,
      texts: texts.map { Provenance.Text(keyword: $0.keyword, text: $0.text) },
      keptParents: Set(try own?.parents.filter { try session.keepsAsset($0) } ?? []),
      script: try own?.run.flatMap(script(ofRun:)))
  }

  /// The journal knows runs by the beginnings of their ids too: only the whole will do here.
  private func script(ofRun id: String) throws -> Script? {
    do {
      let run = try journal.run(id).run
      return run.id == id ? run.script : nil
    } catch let error as ImagineError where error.kind == .notFound || error.kind == .validation {
      return nil
    }
  }

  /// Prepares what a picture tells to be drawn again; nothing is sent.
  ///
  /// - Parameter provider: the one to draw with; nil for the one that the picture names.
  /// - Throws: ``ImagineError``, as ``Session/redrawing(of:provider:)`` does.
  public func redrawing(
    of metadata: PictureMetadata, provider: String? = nil
  ) throws -> Redrawing {
    try session.redrawing(of: metadata, provider: provider)
  }

  /// Draws a picture again and saves it, in the format that the path's extension names. It is a call
  /// of the run as a script's are: ``RunOptions/resumption`` holds for it.
  ///
  /// - Throws: ``ImagineError``.
  public func draw(_ redrawing: Redrawing, to path: FilePath, replacing: Bool = false) async throws
  {
    do {
      try await session.draw(redrawing, to: path, replacing: replacing)
    } catch {
      hasFailed.withLock { $0 = true }
      throw error
    }
  }
}
