// Writes PNG files with zlib.
//
// Every image leaves the engine as a PNG, so this time is part of every call. The pixels are
// compressed in independent bands on all cores. Only runs are searched for: after filtering,
// painted and photographed pixels repeat within a pixel's reach or not at all, so the usual search
// is slower and gives larger files. Since no band looks back, cutting into bands costs nothing.

#include "parallel.hpp"
#include "png.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <opencv2/core.hpp>
#include <vector>

#include "fault.hpp"
#include "imaging.h"

namespace {

/// Approximate size of a band before compression, in bytes.
const size_t kBandSize = 400'000;

void put(std::vector<uint8_t> &bytes, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(uint8_t(number >> shift));
}

void put_chunk(std::vector<uint8_t> &file, const char *name, const std::vector<uint8_t> &body) {
  put(file, uint32_t(body.size()));
  size_t start = file.size();
  file.insert(file.end(), name, name + 4);
  file.insert(file.end(), body.begin(), body.end());
  put(file, uint32_t(crc32(0, file.data() + start, uInt(file.size() - start))));
}

/// How far a row of differences is from zero.
uint32_t weight(const uint8_t *row, size_t size) {
  uint32_t sum = 0;
  for (size_t x = 0; x < size; x++) sum += uint32_t(std::abs(int8_t(row[x])));
  return sum;
}

/// Subtracts from each byte the one a pixel to the left, or the one above: whichever leaves smaller
/// values.
void filter(uint8_t *out, const uint8_t *row, const uint8_t *above, size_t size, size_t pixel) {
  uint8_t *differences = out + 1;
  out[0] = 1;
  for (size_t x = 0; x < std::min(pixel, size); x++) differences[x] = row[x];
  for (size_t x = pixel; x < size; x++) differences[x] = uint8_t(row[x] - row[x - pixel]);
  if (above == nullptr) return;
  uint32_t upward = 0;
  for (size_t x = 0; x < size; x++) upward += uint32_t(std::abs(int8_t(row[x] - above[x])));
  if (upward >= weight(differences, size)) return;
  out[0] = 2;
  for (size_t x = 0; x < size; x++) differences[x] = uint8_t(row[x] - above[x]);
}

struct Band {
  std::vector<uint8_t> compressed;
  uLong checksum = 0;
  size_t size = 0;
};

/// Filters and compresses the rows from `first` up to `end`; the last band ends the stream.
Band compress(
    const uint8_t *pixels, size_t line, size_t channels, int first, int end, bool is_last) {
  std::vector<uint8_t> rows((line + 1) * size_t(end - first));
  for (int y = first; y < end; y++) {
    const uint8_t *row = pixels + size_t(y) * line;
    const uint8_t *above = y > 0 ? row - line : nullptr;
    filter(&rows[size_t(y - first) * (line + 1)], row, above, line, channels);
  }
  Band band;
  band.size = rows.size();
  band.checksum = adler32(1, rows.data(), uInt(rows.size()));
  z_stream stream = {};
  if (deflateInit2(&stream, 1, Z_DEFLATED, -15, 9, Z_RLE) != Z_OK) throw std::bad_alloc();
  band.compressed.resize(deflateBound(&stream, uLong(rows.size())) + 16);
  stream.next_in = rows.data();
  stream.avail_in = uInt(rows.size());
  stream.next_out = band.compressed.data();
  stream.avail_out = uInt(band.compressed.size());
  deflate(&stream, is_last ? Z_FINISH : Z_SYNC_FLUSH);
  band.compressed.resize(stream.total_out);
  // The bound is as large as the pixels, and all bands wait for the last.
  band.compressed.shrink_to_fit();
  deflateEnd(&stream);
  return band;
}

/// Compresses all bands on OpenCV's process-wide thread pool, so that simultaneous calls share the
/// cores instead of each starting its own threads.
std::vector<Band> compress_all(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control) {
  size_t line = size_t(width) * size_t(channels);
  int rows = int(std::clamp<size_t>(kBandSize / (line + 1), 1, size_t(height)));
  int count = (height + rows - 1) / rows;
  std::vector<Band> bands(static_cast<size_t>(count));
  imaging::parallel_for(count, [&](const cv::Range &range) {
    for (int index = range.start; index < range.end; index++) {
      imaging::check(control);
      bands[size_t(index)] = compress(
          pixels, line, size_t(channels), index * rows, std::min(height, (index + 1) * rows),
          index == count - 1);
    }
  });
  return bands;
}

}  // namespace

namespace imaging {

uint8_t *write_png(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels,
    const ImagingControl *control, size_t *count) {
  std::vector<uint8_t> file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  std::vector<uint8_t> header;
  put(header, uint32_t(width));
  put(header, uint32_t(height));
  header.insert(header.end(), {8, uint8_t(channels == 4 ? 6 : 2), 0, 0, 0});
  put_chunk(file, "IHDR", header);
  // The zlib header and checksum get chunks of their own; readers join all IDAT chunks.
  put_chunk(file, "IDAT", {0x78, 0x01});
  uLong checksum = 1;
  std::vector<Band> bands = compress_all(pixels, width, height, channels, control);
  size_t size = 128;
  for (const Band &band : bands) size += band.compressed.size() + 12;
  file.reserve(size);
  for (Band &band : bands) {
    checksum = adler32_combine(checksum, band.checksum, z_off_t(band.size));
    put_chunk(file, "IDAT", band.compressed);
    band = Band();
  }
  std::vector<uint8_t> end;
  put(end, uint32_t(checksum));
  put_chunk(file, "IDAT", end);
  put_chunk(file, "IEND", {});
  uint8_t *bytes = static_cast<uint8_t *>(imaging_allocate(file.size()));
  if (bytes == nullptr) throw std::bad_alloc();
  std::memcpy(bytes, file.data(), file.size());
  *count = file.size();
  return bytes;
}

}  // namespace imaging
