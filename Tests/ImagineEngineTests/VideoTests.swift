import Foundation
import ImagineAPI
import Synchronization
import Testing

@testable import ImagineEngine

@Suite struct VideoTests {
  let engine = BuiltInEngine()

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/film-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test("a video is an MP4 with its index in front, and a JPEG of the same size")
  func makeVideo() throws {
    try withFolder { folder in
      let control = EngineControl()
      let film = try engine.makeVideo(
        prompt: "a boat on the sea", style: "fast-svd", aspectRatio: .nineToSixteen, seed: 2,
        into: folder, control: control)
      #expect(film.size == AspectRatio.nineToSixteen.videoSize)
      #expect(film.duration == 4)
      #expect(control.progress == 1)
      let video = try Data(contentsOf: URL(fileURLWithPath: film.video))
      let index = try #require(video.range(of: Data("moov".utf8)))
      let frames = try #require(video.range(of: Data("mdat".utf8)))
      #expect(index.lowerBound < frames.lowerBound)
      let stream = try probe(film.video)
      #expect(stream.contains("codec_name=h264") && stream.contains("pix_fmt=yuv420p"))
      #expect(stream.contains("avg_frame_rate=24/1") && stream.contains("nb_frames=96"))
      let thumbnail = try ImageInspection(
        Array(Data(contentsOf: URL(fileURLWithPath: film.thumbnail))))
      #expect(thumbnail.format == .jpeg && thumbnail.size == film.size)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(Set(names) == ["film.mp4", "thumbnail.jpg"])
    }
  }

  /// The output of `ffprobe`, which comes with `ffmpeg`, for a video.
  private func probe(_ path: String) throws -> String {
    let program = Process()
    program.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    program.arguments = ["ffprobe", "-v", "error", "-show_streams", path]
    let output = Pipe()
    program.standardOutput = output
    try program.run()
    let words = output.fileHandleForReading.readDataToEndOfFile()
    program.waitUntilExit()
    return String(decoding: words, as: UTF8.self)
  }

  @Test("a stopped video leaves no file and throws the reason")
  func stopped() throws {
    try withFolder { folder in
      let asked = Mutex(0)
      let control = EngineControl {
        asked.withLock {
          $0 += 1
          return $0 < 500
        }
      }
      #expect(throws: EngineControl.Stop.cancelled) {
        try engine.makeVideo(
          prompt: "a city", style: "fast-svd", aspectRatio: .square, seed: 2, into: folder,
          control: control)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }

  @Test("a folder that cannot be written gives an error with the reason")
  func noFolder() throws {
    let error = #expect(throws: EngineError.self) {
      try engine.makeVideo(
        prompt: "a city", style: "fast-svd", aspectRatio: .square, seed: 2,
        into: "/nowhere/at/all")
    }
    guard case .failed(let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("No such file or directory"))
  }
}

@Suite struct AnimatingTests {
  @Test("an image is animated at the video size nearest to its shape")
  func animate() throws {
    let engine = BuiltInEngine()
    let folder = FileManager.default.temporaryDirectory.path + "/film-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let picture = try engine.picture(
      prompt: "a house in a meadow", style: .imagineTurbo, size: PixelSize(width: 180, height: 320),
      seed: 4)
    let control = EngineControl()
    let film = try engine.animate(
      prompt: "snow falls", image: Codec.encode(picture, as: .png), style: "fast-svd",
      aspectRatio: nil, seed: 1, into: folder, control: control)
    #expect(film.size == AspectRatio.nineToSixteen.videoSize)
    #expect(control.progress == 1)
    // The thumbnail has the image's colours.
    let thumbnail = try Codec.decode(
      Array(Data(contentsOf: URL(fileURLWithPath: film.thumbnail))), field: "image")
    let shown = try Codec.scale(thumbnail, to: PixelSize(width: 9, height: 16))
    let given = try Codec.scale(picture, to: PixelSize(width: 9, height: 16))
    #expect(shown.meanDifference(to: given) < 24)
  }
}
