/// MP4 and MOV (ISO/IEC 14496-12): a box `moov` that tells the tracks, and data where they say.
enum MovieFile {
  /// The types that a film's first box may have; MOV need not begin with its brand.
  private static let firstTypes: Set<String> = ["ftyp", "moov", "mdat", "wide"]

  static func begins(_ source: MediaSource) -> Bool {
    guard let box = MediaBox(source, at: 0, limit: source.byteCount) else { return false }
    return firstTypes.contains(box.type)
  }

  static func header(_ source: MediaSource) -> VideoHeader? {
    guard let movie = MediaBox.top(source).first(where: { $0.type == "moov" }),
      let duration = duration(source, movie), let size = size(source, movie)
    else { return nil }
    return VideoHeader(size: size, duration: duration)
  }

  static func fault(_ source: MediaSource) -> MediaFault? {
    let boxes = MediaBox.top(source)
    if let cut = MediaBox.cut(boxes, in: source) { return cut }
    guard let movie = boxes.first(where: { $0.type == "moov" }) else {
      return .truncated("it ends before its box moov")
    }
    if movie.child(source, "mvex") != nil, !boxes.contains(where: { $0.type == "moof" }) {
      return .truncated("it ends before its first fragment")
    }
    guard let end = endOfData(source, movie), end > source.byteCount else { return nil }
    return .truncated("its data ends at byte \(end) of \(source.byteCount)")
  }

  /// Time scale and duration, of 32 bits or, in version 1, 64; seconds. What a writer did not know
  /// when it wrote is 0.
  private static func duration(_ source: MediaSource, _ movie: MediaBox) -> Double? {
    guard let box = movie.child(source, "mvhd"), let version = source.big(box.content, 1),
      let scale = source.big(box.content + (version == 1 ? 20 : 12), 4), scale > 0
    else { return nil }
    let length =
      version == 1 ? source.big(box.content + 24, 8) : source.big(box.content + 16, 4)
    return length == 0xFFFF_FFFF ? 0 : Double(length ?? 0) / Double(scale)
  }

  /// The size of the first track of pictures, upright.
  private static func size(_ source: MediaSource, _ movie: MediaBox) -> PixelSize? {
    let tracks = movie.children(source).filter { $0.type == "trak" }
    let pictures = tracks.filter { track in
      track.child(source, "mdia", "hdlr").map { source.has("vide", at: $0.content + 8) } ?? false
    }
    return (pictures.isEmpty ? tracks : pictures).lazy.compactMap { size(source, track: $0) }.first
  }

  /// A matrix, then width and height in 16.16; a track of sound has none.
  private static func size(_ source: MediaSource, track: MediaBox) -> PixelSize? {
    guard let box = track.child(source, "tkhd"), let version = source.big(box.content, 1) else {
      return nil
    }
    let matrix = box.content + (version == 1 ? 52 : 40)
    guard let width = source.big(matrix + 36, 4), let height = source.big(matrix + 40, 4),
      width >> 16 > 0, height >> 16 > 0
    else { return nil }
    // Columns a, b, u and c, d, v: a quarter of a turn leaves a and d empty.
    let isTurned =
      source.big(matrix, 4) == 0 && source.big(matrix + 16, 4) == 0
      && source.big(matrix + 4, 4) != 0 && source.big(matrix + 12, 4) != 0
    return isTurned
      ? PixelSize(width: height >> 16, height: width >> 16)
      : PixelSize(width: width >> 16, height: height >> 16)
  }

  /// Where the last chunk of a track's data ends; nil where no track has any.
  static func endOfData(_ source: MediaSource, _ movie: MediaBox) -> Int? {
    movie.children(source).filter { $0.type == "trak" }
      .compactMap { $0.child(source, "mdia", "minf", "stbl") }
      .compactMap { endOfData(source, table: $0) }.max()
  }

  /// Chunks have places, samples have sizes, and a third table tells how many samples a chunk has.
  private static func endOfData(_ source: MediaSource, table: MediaBox) -> Int? {
    let boxes = table.children(source)
    func box(_ type: String) -> MediaBox? { boxes.first { $0.type == type } }
    guard let chunks = box("stco") ?? box("co64"), let sizes = box("stsz"), let runs = box("stsc"),
      let chunkCount = source.big(chunks.content + 4, 4),
      let oneSize = source.big(sizes.content + 4, 4),
      let sampleCount = source.big(sizes.content + 8, 4),
      let runCount = source.big(runs.content + 4, 4)
    else { return nil }
    let placeSize = chunks.type == "co64" ? 8 : 4
    guard chunks.content + 8 + chunkCount * placeSize <= chunks.end,
      oneSize > 0 || sizes.content + 12 + sampleCount * 4 <= sizes.end,
      runs.content + 8 + runCount * 12 <= runs.end
    else { return nil }

    var (end, sample, run, samplesInChunk) = (0, 0, 0, 0)
    for chunk in 0..<chunkCount {
      if run < runCount, source.big(runs.content + 8 + run * 12, 4) == chunk + 1 {
        samplesInChunk = source.big(runs.content + 12 + run * 12, 4) ?? 0
        run += 1
      }
      let count = min(samplesInChunk, sampleCount - sample)
      var length = oneSize * count
      if oneSize == 0 {
        for index in sample..<(sample + count) {
          length += source.big(sizes.content + 12 + index * 4, 4) ?? 0
        }
      }
      sample += count
      if let place = source.big(chunks.content + 8 + chunk * placeSize, placeSize), length > 0 {
        let (sum, isTooFar) = place.addingReportingOverflow(length)
        end = isTooFar ? .max : max(end, sum)
      }
    }
    return end
  }
}
