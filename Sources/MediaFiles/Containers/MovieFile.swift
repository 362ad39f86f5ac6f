import ImagineAPI

/// MP4 and MOV (ISO/IEC 14496-12): a box `moov` describes the tracks and the location of their
/// data.
enum MovieFile {
  /// The possible types of a video's first box; MOV need not begin with its brand.
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

  /// The duration in seconds, from time scale and duration of 32 bits or, in version 1, 64 bits. A
  /// writer that does not know the duration writes 0.
  private static func duration(_ source: MediaSource, _ movie: MediaBox) -> Double? {
    guard let box = movie.child(source, "mvhd"), let version = source.bigEndian(box.content, 1),
      let scale = source.bigEndian(box.content + (version == 1 ? 20 : 12), 4), scale > 0
    else { return nil }
    let length =
      version == 1 ? source.bigEndian(box.content + 24, 8) : source.bigEndian(box.content + 16, 4)
    return length == 0xFFFF_FFFF ? 0 : Double(length ?? 0) / Double(scale)
  }

  /// The size of the first video track, after rotation.
  private static func size(_ source: MediaSource, _ movie: MediaBox) -> PixelSize? {
    let tracks = movie.children(source).filter { $0.type == "trak" }
    let videos = tracks.filter { track in
      track.child(source, "mdia", "hdlr").map { source.matches("vide", at: $0.content + 8) }
        ?? false
    }
    return (videos.isEmpty ? tracks : videos).lazy.compactMap { size(source, track: $0) }.first
  }

  /// A matrix, then width and height in 16.16 fixed point; an audio track has size 0.
  private static func size(_ source: MediaSource, track: MediaBox) -> PixelSize? {
    guard let box = track.child(source, "tkhd"), let version = source.bigEndian(box.content, 1)
    else {
      return nil
    }
    let matrix = box.content + (version == 1 ? 52 : 40)
    guard let width = source.bigEndian(matrix + 36, 4),
      let height = source.bigEndian(matrix + 40, 4),
      width >> 16 > 0, height >> 16 > 0
    else { return nil }
    // Columns a, b, u and c, d, v: in a quarter turn a and d are 0.
    let isTurned =
      source.bigEndian(matrix, 4) == 0 && source.bigEndian(matrix + 16, 4) == 0
      && source.bigEndian(matrix + 4, 4) != 0 && source.bigEndian(matrix + 12, 4) != 0
    return isTurned
      ? PixelSize(width: height >> 16, height: width >> 16)
      : PixelSize(width: width >> 16, height: height >> 16)
  }

  /// The end of the last chunk of all tracks; nil if no track has data.
  static func endOfData(_ source: MediaSource, _ movie: MediaBox) -> Int? {
    movie.children(source).filter { $0.type == "trak" }
      .compactMap { $0.child(source, "mdia", "minf", "stbl") }
      .compactMap { endOfData(source, table: $0) }.max()
  }

  /// `stco` has chunk offsets, `stsz` sample sizes, and `stsc` the number of samples per chunk.
  private static func endOfData(_ source: MediaSource, table: MediaBox) -> Int? {
    let boxes = table.children(source)
    func box(_ type: String) -> MediaBox? { boxes.first { $0.type == type } }
    guard let chunks = box("stco") ?? box("co64"), let sizes = box("stsz"), let runs = box("stsc"),
      let chunkCount = source.bigEndian(chunks.content + 4, 4),
      let oneSize = source.bigEndian(sizes.content + 4, 4),
      let sampleCount = source.bigEndian(sizes.content + 8, 4),
      let runCount = source.bigEndian(runs.content + 4, 4)
    else { return nil }
    let placeSize = chunks.type == "co64" ? 8 : 4
    guard chunks.content + 8 + chunkCount * placeSize <= chunks.end,
      oneSize > 0 || sizes.content + 12 + sampleCount * 4 <= sizes.end,
      runs.content + 8 + runCount * 12 <= runs.end
    else { return nil }

    var (end, sample, run, samplesInChunk) = (0, 0, 0, 0)
    for chunk in 0..<chunkCount {
      if run < runCount, source.bigEndian(runs.content + 8 + run * 12, 4) == chunk + 1 {
        samplesInChunk = source.bigEndian(runs.content + 12 + run * 12, 4) ?? 0
        run += 1
      }
      let count = min(samplesInChunk, sampleCount - sample)
      var length = oneSize * count
      if oneSize == 0 {
        for index in sample..<(sample + count) {
          length += source.bigEndian(sizes.content + 12 + index * 4, 4) ?? 0
        }
      }
      sample += count
      if let place = source.bigEndian(chunks.content + 8 + chunk * placeSize, placeSize), length > 0
      {
        let (sum, isTooFar) = place.addingReportingOverflow(length)
        end = isTooFar ? .max : max(end, sum)
      }
    }
    return end
  }
}
