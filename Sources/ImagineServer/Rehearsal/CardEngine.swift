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

  func png(prompt: String, aspectRatio: AspectRatio, seed: Int64) throws -> [UInt8] {
    Card(prompt: prompt, style: "png", seed: seed).png(size: aspectRatio.pixelSize)
  }

  func removeBackground(_ image: [UInt8]) throws -> [UInt8] {
    try base.removeBackground(image)
  }

  func upscale(_ image: [UInt8]) throws -> [UInt8] {
    try base.upscale(image)
  }

  func fill(prompt: String, image: [UInt8], mask: [UInt8]) throws -> [UInt8] {
    try base.fill(prompt: prompt, image: image, mask: mask)
  }

  func retouch(_ image: [UInt8], mask: [UInt8]) throws -> [UInt8] {
    try base.retouch(image, mask: mask)
  }

  func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?
  ) throws -> [UInt8] {
    try base.resize(image, to: aspectRatio, prompt: prompt, mask: mask)
  }

  func addBackground(prompt: String, image: [UInt8], seed: Int64) throws -> [UInt8] {
    try base.addBackground(prompt: prompt, image: image, seed: seed)
  }

  func animate(
    prompt: String, image: [UInt8], style: String, aspectRatio: AspectRatio?, seed: Int64,
    into folder: String, progress: (Double) throws -> Void
  ) throws -> Film {
    try base.animate(
      prompt: prompt, image: image, style: style, aspectRatio: aspectRatio, seed: seed,
      into: folder, progress: progress)
  }
}
