public import ImagineAPI
import MediaFiles

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
  /// A file that was sent.
  private func file(_ field: String, _ index: Int = 0) throws -> FilePath {
    guard let inputs = step.request.images[field], inputs.indices.contains(index),
      case .file(let path) = inputs[index]
    else { throw EngineError.unusable(field: field, reason: "it is missing") }
    return path
  }

  private func path(_ field: String, _ index: Int = 0) throws -> String {
    guard let text = try file(field, index).text else {
      throw EngineError.failed("the path of a file is not UTF-8")
    }
    return text
  }

  /// The picture of a video at a time; after the last one, the last one.
  func frame(at seconds: Double) throws -> Bitmap {
    try VideoDecoder(
      path(PictureOperation.base), from: seconds, rate: VideoDecoder.fineRate, count: 1,
      size: step.size, field: "video", control: control
    ).next()
  }

  /// The sound of a film, which ffmpeg can decode.
  fileprivate func sound(for film: PictureFilm) throws -> VideoEncoder.Sound? {
    guard step.request.images["audio"] != nil else { return nil }
    let path = try path("audio")
    let head = try FileContent.head(file("audio"), count: 64)
    guard let format = AudioFormat(MediaSource(head)) else {
      throw EngineError.unusable(field: "audio", reason: "it is no sound file")
    }
    let reader = format == .mp4 ? "mov" : format.rawValue
    let trial = try FFmpegProcess(
      FFmpegProcess.input(path, format: reader)
        + ["-map", "0:a:0", "-t", "0.1", "-f", "null", "-"], .neither, control: control)
    if let messages = try trial.finish() {
      throw EngineError.unusable(
        field: "audio",
        reason: "no sound can be decoded from it: \(messages)")
    }
    return VideoEncoder.Sound(path: path, format: reader, seconds: film.seconds)
  }

  fileprivate func frames(of film: PictureFilm, _ index: Int) throws -> ClipFrames {
    let clip = film.clips[index]
    let name = "clips[\(index + 1)]"
    let caption = try clip.caption.flatMap {
      try Caption($0, film, field: "\(name).caption")
    }
    guard clip.isVideo else {
      let image = try FileContent.image(file("clips", index), field: "\(name).image")
      return ClipFrames(
        .still(try still(image, film.size, clip.part, field: "\(name).image")), caption: caption)
    }
    return ClipFrames(
      .video(
        try VideoDecoder(
          path("clips", index), from: clip.start, rate: film.framesPerSecond, count: clip.frames,
          size: film.size, part: clip.part, field: "\(name).video", control: control)),
      caption: caption)
  }

  private func still(
    _ bytes: [UInt8], _ size: PixelSize, _ part: PixelRectangle, field: String
  ) throws -> Bitmap {
    let picture = try Codec.decode(bytes, field: field, control: control) { _ in part.size }.picture
    var painting = try Painting(size, .black)
    painting.draw(
      try Codec.scale(picture, to: part.size, control: control), x: part.x, y: part.y)
    return try painting.finished()
  }
}

/// The frames of a clip, one after another.
private final class ClipFrames {
  enum Source {
    case still(Bitmap)
    case video(VideoDecoder)
  }

  let caption: Caption?
  private let source: Source
  /// The still with its caption, which is drawn once.
  private var captioned: Bitmap?

  init(_ source: Source, caption: Caption?) {
    self.source = source
    self.caption = caption
  }

  func next() throws -> Bitmap {
    switch source {
    case .still(let still): still
    case .video(let video): try video.next()
    }
  }

  func nextWithCaption() throws -> Bitmap {
    if let captioned { return captioned }
    let frame = try next()
    guard let caption else { return frame }
    switch source {
    case .still:
      let copy = try frame.copy()
      try caption.draw(onto: copy, opacity: 1)
      captioned = copy
      return copy
    case .video:
      try caption.draw(onto: frame, opacity: 1)
      return frame
    }
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
