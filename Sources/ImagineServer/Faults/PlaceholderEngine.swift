import Foundation
import ImagineAPI
import Synchronization

/// Makes placeholder images and one placeholder video per shape. Passes all other calls on to
/// another engine.
struct PlaceholderEngine: Engine {
  private let base: any Engine
  private let videos = VideoCache()

  init(base: any Engine) {
    self.base = base
  }

  var version: String { "card" }

  func supports(_ operation: MediaOperation) -> Bool { base.supports(operation) }

  func memory(
    for operation: MediaOperation, image: PixelSize?, aspectRatio: AspectRatio?
  ) throws -> Int {
    try base.memory(for: operation, image: image, aspectRatio: aspectRatio)
  }

  func memory(for conversion: Conversion, image: PixelSize) throws -> Int {
    try base.memory(for: conversion, image: image)
  }

  func memory(for step: PictureStep) throws -> Int { try base.memory(for: step) }

  func perform(_ step: PictureStep, control: EngineControl) throws -> [UInt8] {
    try base.perform(step, control: control)
  }

  func makeFilm(
    _ step: PictureStep, into folder: String, control: EngineControl
  ) throws -> String {
    try base.makeFilm(step, into: folder, control: control)
  }

  func numbers(of step: PictureStep, control: EngineControl) throws -> [String: Double] {
    try base.numbers(of: step, control: control)
  }

  func unmetRequirement(for operation: MediaOperation) -> String? {
    base.unmetRequirement(for: operation)
  }

  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8] {
    PlaceholderImage(prompt: prompt, style: style.rawValue, seed: seed).png(
      size: aspectRatio.pixelSize)
  }

  func makeVideo(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> VideoFiles {
    // Making a video takes seconds, and placeholders need not differ: the first one serves all.
    try videos.video(of: aspectRatio, into: folder) {
      let image = PlaceholderImage(prompt: "a film", style: style, seed: 1).png(
        size: aspectRatio.pixelSize)
      return try base.animate(
        prompt: "", image: image, style: style, aspectRatio: aspectRatio, seed: 1, into: folder,
        control: control)
    }
  }

  func convert(
    _ image: [UInt8], to conversion: Conversion, control: EngineControl
  ) throws -> [UInt8] {
    try base.convert(image, to: conversion, control: control)
  }

  func thumbnail(
    of image: [UInt8], within box: PixelSize, control: EngineControl
  ) throws -> Thumbnail {
    try base.thumbnail(of: image, within: box, control: control)
  }

  func png(
    prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl
  ) throws -> [UInt8] {
    PlaceholderImage(prompt: prompt, style: "png", seed: seed).png(size: aspectRatio.pixelSize)
  }

  func composite(
    _ edited: [UInt8], over image: [UInt8], mask: [UInt8], measuresOnly: Bool,
    control: EngineControl
  ) throws -> CompositeImage {
    try base.composite(
      edited, over: image, mask: mask, measuresOnly: measuresOnly, control: control)
  }

  func removeBackground(_ image: [UInt8], control: EngineControl) throws -> CutoutImage {
    try base.removeBackground(image, control: control)
  }

  func upscale(_ image: [UInt8], control: EngineControl) throws -> [UInt8] {
    try base.upscale(image, control: control)
  }

  func fill(
    prompt: String, image: [UInt8], mask: [UInt8], control: EngineControl
  ) throws -> [UInt8] {
    try base.fill(prompt: prompt, image: image, mask: mask, control: control)
  }

  func retouch(_ image: [UInt8], mask: [UInt8], control: EngineControl) throws -> [UInt8] {
    try base.retouch(image, mask: mask, control: control)
  }

  func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl
  ) throws -> [UInt8] {
    try base.resize(image, to: aspectRatio, prompt: prompt, mask: mask, control: control)
  }

  func addBackground(
    prompt: String, image: [UInt8], seed: Int64, control: EngineControl
  ) throws -> [UInt8] {
    try base.addBackground(prompt: prompt, image: image, seed: seed, control: control)
  }

  func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, control: EngineControl
  ) throws -> VideoFiles {
    try base.animate(
      prompt: prompt, image: image, style: style, aspectRatio: aspectRatio, seed: seed,
      into: folder, control: control)
  }
}

/// Caches one video per shape.
private final class VideoCache: Sendable {
  private struct Entry {
    let video: Data
    let thumbnail: Data
    let files: VideoFiles
  }

  private let entries = Mutex<[AspectRatio: Entry]>([:])

  /// A copy of the video of a shape. The first caller makes it while the others wait.
  func video(
    of shape: AspectRatio, into folder: String, make: () throws -> VideoFiles
  ) throws -> VideoFiles {
    try entries.withLock { entries in
      guard let entry = entries[shape] else {
        let files = try make()
        entries[shape] = Entry(
          video: try Data(contentsOf: URL(fileURLWithPath: files.video)),
          thumbnail: try Data(contentsOf: URL(fileURLWithPath: files.thumbnail)), files: files)
        return files
      }
      var files = entry.files
      files.video = "\(folder)/video.mp4"
      files.thumbnail = "\(folder)/thumbnail.jpg"
      try entry.video.write(to: URL(fileURLWithPath: files.video))
      try entry.thumbnail.write(to: URL(fileURLWithPath: files.thumbnail))
      return files
    }
  }
}
