public import ImagineAPI
import MediaFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension BuiltInEngine {
  public func makeFilm(
    _ step: PictureStep, into folder: String, control: EngineControl = EngineControl()
  ) throws -> String {
    guard case .film(let film) = step.action else {
      throw EngineError.notOffered(step.operation.name)
    }
    let images = StepImages(step, control)
    let path = "\(folder)/film.mp4"
    let encoder = try VideoEncoder(
      size: film.size, framesPerSecond: film.framesPerSecond, path: path,
      sound: try images.sound(for: film), control: control)
    var written = 0
    func write(_ frame: Bitmap) throws {
      try frame.withPixels { try encoder.write($0) }
      written += 1
      try control.report(Double(written) / Double(film.frames))
    }
    let overlap = film.transition?.frames ?? 0
    var previous: ClipFrames?
    for index in film.clips.indices {
      let clip = try images.frames(of: film, index)
      if let last = previous, let transition = film.transition {
        for step in 1...transition.frames {
          let share = Double(step) / Double(transition.frames + 1)
          let frame = try last.next().turning(into: clip.next(), share, transition.kind)
          // One text over the other could not be read: one goes before the other comes.
          try last.caption?.draw(onto: frame, opacity: 1 - 2 * share)
          try clip.caption?.draw(onto: frame, opacity: 2 * share - 1)
          try write(frame)
        }
      }
      let own =
        film.clips[index].frames - (index > 0 ? overlap : 0)
        - (index < film.clips.count - 1 ? overlap : 0)
      for _ in 0..<own { try write(clip.nextWithCaption()) }
      previous = clip
    }
    try encoder.finish()
    return path
  }
}

extension StepImages {
  /// The path of a file that was sent.
  private func path(_ field: String, _ index: Int = 0) throws -> String {
    guard let inputs = step.request.images[field], inputs.indices.contains(index),
      case .file(let path) = inputs[index], let text = path.text
    else { throw EngineError.unusable(field: field, reason: "it is missing") }
    return text
  }

  /// The picture of a video at a time; after the last one, the last one.
  func frame(at seconds: Double) throws -> Bitmap {
    let path = try path(PictureOperation.base)
    func decoder(from start: Double) throws -> VideoDecoder {
      try VideoDecoder(path, from: start, size: step.size, field: "video", control: control)
    }
    if let frame = try decoder(from: seconds).next() { return frame }
    // A last picture begins before the end, and how long before it the file does not tell.
    for start in [max(0, seconds - 2), 0] {
      let decoder = try decoder(from: start)
      var last: Bitmap?
      while let frame = try decoder.next() { last = frame }
      if let last { return last }
      if start == 0 { throw try decoder.fault() }
    }
    throw EngineError.unusable(field: "video", reason: "it has no picture")
  }

  /// The sound of a film, which ffmpeg can decode.
  fileprivate func sound(for film: PictureFilm) throws -> VideoEncoder.Sound? {
    guard step.request.images["audio"] != nil else { return nil }
    let path = try path("audio")
    guard let head = FileContent(path, limit: 64), let format = AudioFormat(MediaSource(head.bytes))
    else {
      throw EngineError.unusable(field: "audio", reason: "it is no sound file")
    }
    let reader = format == .mp4 ? "mov" : format.rawValue
    let trial = try FFmpegProcess(
      FFmpegProcess.input(path, format: reader)
        + ["-map", "0:a:0", "-t", "0.1", "-f", "null", "-"], .neither, control: control)
    if let messages = try trial.finish() {
      throw EngineError.unusable(
        field: "audio",
        reason: "no sound can be decoded from it: \(VideoDecoder.withoutPath(messages))")
    }
    return VideoEncoder.Sound(path: path, format: reader, seconds: film.seconds)
  }

  fileprivate func frames(of film: PictureFilm, _ index: Int) throws -> ClipFrames {
    let clip = film.clips[index]
    let name = "clips[\(index + 1)]"
    let caption = try clip.caption.flatMap {
      try Caption($0, film, field: "\(name).caption")
    }
    let path = try path("clips", index)
    guard clip.isVideo else {
      return ClipFrames(
        still: try still(path, film.size, clip.part, field: "\(name).image"), caption: caption)
    }
    return ClipFrames(
      video: try VideoDecoder(
        path, from: clip.start, rate: film.framesPerSecond, size: film.size, part: clip.part,
        count: clip.frames, field: "\(name).video", control: control), caption: caption)
  }

  private func still(
    _ path: String, _ size: PixelSize, _ part: PixelRectangle, field: String
  ) throws -> Bitmap {
    guard let bytes = FileContent(path)?.bytes else {
      throw EngineError.failed("cannot read a file of the film")
    }
    let picture = try Codec.decode(bytes, field: field, control: control) { _ in part.size }.picture
    var painting = try Painting(size, .black)
    painting.draw(
      try Codec.scale(picture, to: part.size, control: control), x: part.x, y: part.y)
    return try painting.finished()
  }
}

/// The frames of a clip, one after another. After the last one it gives that again.
private final class ClipFrames {
  let caption: Caption?
  private var last: Bitmap?
  private var video: VideoDecoder?
  /// A still with its caption, which is drawn once.
  private var still: Bitmap?

  init(still: Bitmap, caption: Caption?) {
    last = still
    self.caption = caption
  }

  init(video: VideoDecoder, caption: Caption?) {
    self.video = video
    self.caption = caption
  }

  func next() throws -> Bitmap {
    if let video {
      if let frame = try video.next() {
        last = frame
        still = nil
      } else {
        if last == nil { throw try video.fault() }
        self.video = nil
      }
    }
    guard let last else { throw EngineError.failed("a clip has no frame") }
    return last
  }

  func nextWithCaption() throws -> Bitmap {
    let frame = try next()
    guard let caption else { return frame }
    if let still { return still }
    let captioned = try frame.copy()
    try caption.draw(onto: captioned, opacity: 1)
    still = captioned
    return captioned
  }
}

/// A text at the bottom of frames.
private struct Caption {
  private let patch: Bitmap
  private let x: Int
  private let y: Int

  /// Nil for a text of spaces.
  init?(_ text: String, _ film: PictureFilm, field: String) throws {
    let size = film.captionSize
    let padding = size / 2
    let drawn = try DrawnText(
      text, font: "Sans Bold", size: size, width: film.size.width - 4 * size, alignment: .center,
      field: field)
    guard drawn.size.width > 0 else { return nil }
    let box = PixelSize(
      width: drawn.size.width + 2 * padding, height: drawn.size.height + 2 * padding)
    guard box.width <= film.size.width, box.height + size <= film.size.height else {
      throw EngineError.unusable(
        field: field, reason: "it needs \(box) pixels of the film's \(film.size); shorten it")
    }
    var painting = try Painting(box, PictureColor("#00000099") ?? .black)
    drawn.draw(onto: &painting, x: padding, y: padding, .white)
    patch = try painting.finished()
    x = (film.size.width - box.width) / 2
    y = film.size.height - box.height - size
  }

  func draw(onto frame: Bitmap, opacity: Double) throws {
    guard opacity > 0 else { return }
    var painting = Painting(continuing: frame)
    painting.draw(opacity < 1 ? try patch.faded(to: opacity) : patch, x: x, y: y)
  }
}

extension Bitmap {
  /// A frame between two of one size.
  ///
  /// - Parameter share: of the other one, 0 … 1.
  fileprivate func turning(
    into other: Bitmap, _ share: Double, _ kind: PictureFilm.Transition.Kind
  ) throws -> Bitmap {
    let (mine, others): (Double, Double) =
      switch kind {
      case .fade: (1 - share, share)
      case .black: (max(0, 1 - 2 * share), max(0, 2 * share - 1))
      }
    // 16 bits are enough for eight bits of result, and for eight numbers at once.
    let (first, second) = (UInt16((mine * 255).rounded()), UInt16((others * 255).rounded()))
    return try Bitmap(width: width, height: height, channels: 3) { out in
      withPixels { one in
        other.withPixels { two in
          for index in 0..<min(out.count, one.count, two.count) {
            let sum = UInt16(one[index]) &* first &+ UInt16(two[index]) &* second &+ 128
            out[index] = UInt8(truncatingIfNeeded: (sum &+ (sum &>> 8)) &>> 8)
          }
        }
      }
    }
  }
}

/// The bytes of a file, or its first ones.
struct FileContent {
  private(set) var bytes: [UInt8] = []

  /// Nil if it cannot be read.
  init?(_ path: String, limit: Int = 256 << 20) {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: min(limit, 1 << 18))
    while bytes.count < limit {
      let count = fread(&buffer, 1, min(buffer.count, limit - bytes.count), file)
      if count == 0 { break }
      bytes += buffer.prefix(count)
    }
    guard ferror(file) == 0 else { return nil }
  }
}
