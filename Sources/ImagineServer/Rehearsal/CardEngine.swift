import ImagineCore

/// Draws cards in place of pictures, and leaves the rest to another engine.
struct CardEngine: Engine {
  let base: any Engine

  var version: String { "card" }

  func paint(
    prompt: String, style: ImageStyle, aspectRatio: AspectRatio, seed: Int64
  ) throws -> [UInt8] {
    Card(prompt: prompt, style: style.rawValue, seed: seed).png(size: aspectRatio.pixelSize)
  }

  func film(
    prompt: String, style: String, aspectRatio: AspectRatio, seed: Int64, into folder: String,
    progress: (Double) throws -> Void
  ) throws -> Film {
    try base.film(
      prompt: prompt, style: style, aspectRatio: aspectRatio, seed: seed, into: folder,
      progress: progress)
  }

  func convert(_ picture: [UInt8], to conversion: Conversion) throws -> [UInt8] {
    try base.convert(picture, to: conversion)
  }
}
