// Writes PNG files with zlib.
//
// Every image leaves the engine as a PNG, so this time is part of every call. The pixels are
// compressed in independent bands on all cores. Only runs are searched for: after filtering,
// painted and photographed pixels repeat within a pixel's reach or not at all, so the usual search
// is slower and gives larger files. Since no band looks back, cutting into bands costs nothing.

#include "parallel.hpp"
#include "png.hpp"

#include <glib.h>
#include <zlib.h>
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <opencv2/core.hpp>
#include <utility>
#include <vector>

#include "fault.hpp"
#include "imaging.h"

namespace {

/// Approximate size of a band before compression, in bytes.
const size_t kBandSize = 400'000;

/// Compressed bands that wait to be appended to the file.
const int kBandsAtOnce = 16;

void put(std::vector<uint8_t> &bytes, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(uint8_t(number >> shift));
}

/// A file that grows. It is never in memory twice: the system moves large memory without a copy.
class File {
 public:
  File() = default;
  ~File() { imaging_free(bytes_); }
  File(const File &) = delete;
  File &operator=(const File &) = delete;

  /// Makes room for so many more bytes.
  void reserve(size_t count) {
    if (capacity_ - size_ >= count) return;
    void *moved = g_try_realloc(bytes_, size_ + count);
    if (moved == nullptr) throw std::bad_alloc();
    bytes_ = static_cast<uint8_t *>(moved);
    capacity_ = size_ + count;
  }

  void append(const void *bytes, size_t count) {
    if (count == 0) return;
    reserve(count);
    std::memcpy(bytes_ + size_, bytes, count);
    size_ += count;
  }

  void append_chunk(const char *name, const std::vector<uint8_t> &body) {
    std::vector<uint8_t> number;
    put(number, uint32_t(body.size()));
    reserve(body.size() + 12);
    append(number.data(), 4);
    size_t start = size_;
    append(name, 4);
    append(body.data(), body.size());
    number.clear();
    put(number, uint32_t(crc32(0, bytes_ + start, uInt(size_ - start))));
    append(number.data(), 4);
  }

  /// The bytes, which the caller owns from here on.
  uint8_t *release(size_t *count) {
    *count = size_;
    return std::exchange(bytes_, nullptr);
  }

 private:
  uint8_t *bytes_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

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
  deflateEnd(&stream);
  return band;
}

/// Gives the whole pages of memory that nobody reads again back to the system.
void discard(uint8_t *from, uint8_t *to) {
#ifdef __linux__
  const uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE));
  uintptr_t start = (uintptr_t(from) + page - 1) / page * page;
  uintptr_t end = uintptr_t(to) / page * page;
  if (start < end) madvise(reinterpret_cast<void *>(start), end - start, MADV_DONTNEED);
#endif
}

}  // namespace

namespace imaging {

uint8_t *write_png(
    uint8_t *pixels, int32_t width, int32_t height, int32_t channels, bool is_last_use,
    const ImagingControl *control, size_t *count) {
  File file;
  file.append("\x89PNG\r\n\x1a\n", 8);
  std::vector<uint8_t> header;
  put(header, uint32_t(width));
  put(header, uint32_t(height));
  header.insert(header.end(), {8, uint8_t(channels == 4 ? 6 : 2), 0, 0, 0});
  file.append_chunk("IHDR", header);
  // The zlib header and checksum get chunks of their own; readers join all IDAT chunks.
  file.append_chunk("IDAT", {0x78, 0x01});
  uLong checksum = 1;
  size_t line = size_t(width) * size_t(channels);
  int rows = int(std::clamp<size_t>(kBandSize / (line + 1), 1, size_t(height)));
  int bands = (height + rows - 1) / rows;
  uint8_t *kept = pixels;
  for (int first = 0; first < bands; first += kBandsAtOnce) {
    std::vector<Band> group(size_t(std::min(kBandsAtOnce, bands - first)));
    // OpenCV's thread pool is the whole process's, so that simultaneous calls share the cores
    // instead of each starting its own threads.
    imaging::parallel_for(int(group.size()), [&](const cv::Range &range) {
      for (int index = range.start; index < range.end; index++) {
        imaging::check(control);
        int band = first + index;
        group[size_t(index)] = compress(
            pixels, line, size_t(channels), band * rows, std::min(height, (band + 1) * rows),
            band == bands - 1);
      }
    });
    size_t size = 0;
    for (const Band &band : group) size += band.compressed.size() + 12;
    file.reserve(size);
    for (const Band &band : group) {
      checksum = adler32_combine(checksum, band.checksum, z_off_t(band.size));
      file.append_chunk("IDAT", band.compressed);
    }
    if (!is_last_use) continue;
    // The next band looks at the last row of this one.
    int done = std::min(height, (first + int(group.size())) * rows);
    uint8_t *last = pixels + size_t(done - 1) * line;
    discard(kept, last);
    kept = last;
  }
  std::vector<uint8_t> end;
  put(end, uint32_t(checksum));
  file.append_chunk("IDAT", end);
  file.append_chunk("IEND", {});
  return file.release(count);
}

}  // namespace imaging
