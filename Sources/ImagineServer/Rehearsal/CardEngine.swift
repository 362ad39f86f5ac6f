import Foundation
import ImagineCore
import Synchronization

/// Draws cards in place of pictures, films one card for each shape, and leaves the rest to another
/// engine.
struct CardEngine: Engine {
  private let base: any Engine
  private let reels = Reels()

  init(base: any Engine) {
    self.base = base
  }

  var version: String { "card" }

  func offers(_ operation: ImagineCore.Operation) -> Bool { base.offers(operation) }

  func memory(
    for operation: ImagineCore.Operation, picture: PixelSize?, aspectRatio: AspectRatio?
  ) throws -> Int {
    try base.memory(for: operation, picture: picture, aspectRatio: aspectRatio)
  }

  func memory(for conversion: Conversion, picture: PixelSize) throws -> Int {
    try base.memory(for: conversion, picture: picture)
  }

  func lack(for operation: ImagineCore.Operation) -> String? { base.lack(for: operation) }

  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64,
    control: EngineControl
  ) throws -> [UInt8] {
    Card(prompt: prompt, style: style.rawValue, seed: seed).png(size: aspectRatio.pixelSize)
  }

  func film(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    control: EngineControl
  ) throws -> Film {
    // Filming takes seconds, and nobody looks at these: the first one stands for all.
    try reels.film(of: aspectRatio, into: folder) {
      let card = Card(prompt: "a film", style: style, seed: 1).png(size: aspectRatio.pixelSize)
      return try base.animate(
        prompt: "", image: card, style: style, aspectRatio: aspectRatio, seed: 1, into: folder,
        control: control)
    }
  }

  func convert(
    _ picture: [UInt8], to conversion: Conversion, control: EngineControl
  ) throws -> [UInt8] {
    try base.convert(picture, to: conversion, control: control)
  }

  func png(
    prompt: String, aspectRatio: AspectRatio, seed: Int64, control: EngineControl
  ) throws -> [UInt8] {
    Card(prompt: prompt, style: "png", seed: seed).png(size: aspectRatio.pixelSize)
  }

  func removeBackground(_ image: [UInt8], control: EngineControl) throws -> [UInt8] {
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
  ) throws -> Film {
    try base.animate(
      prompt: prompt, image: image, style: style, aspectRatio: aspectRatio, seed: seed,
      into: folder, control: control)
  }
}

/// Films that were made once, by their shape.
private final class Reels: Sendable {
  private struct Reel {
    let video: Data
    let thumbnail: Data
    let film: Film
  }

  private let made = Mutex<[AspectRatio: Reel]>([:])

  /// The film of a shape, in files of its own; whoever comes first makes it, and the others wait.
  func film(of shape: AspectRatio, into folder: String, make: () throws -> Film) throws -> Film {
    try made.withLock { made in
      guard let reel = made[shape] else {
        let film = try make()
        made[shape] = Reel(
          video: try Data(contentsOf: URL(fileURLWithPath: film.video)),
          thumbnail: try Data(contentsOf: URL(fileURLWithPath: film.thumbnail)), film: film)
        return film
      }
      var film = reel.film
      film.video = "\(folder)/video.mp4"
      film.thumbnail = "\(folder)/thumbnail.jpg"
      try reel.video.write(to: URL(fileURLWithPath: film.video))
      try reel.thumbnail.write(to: URL(fileURLWithPath: film.thumbnail))
      return film
    }
  }
}
