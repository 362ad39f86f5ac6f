#include "libvips.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

/// Warnings about a file go to the caller as a fault; libvips would print them to stderr.
void keep_quiet(const gchar *, GLogLevelFlags, const gchar *, gpointer) {}

void on_progress(VipsImage *image, VipsProgress *, gpointer data) {
  auto control = static_cast<const ImagingControl *>(data);
  if (control->is_stopped(control->context) != 0) vips_image_set_kill(image, TRUE);
}

/// libvips's error message, on one line.
std::string vips_message() {
  // libvips copies it, which locks out other threads' writes.
  char *copy = vips_error_buffer_copy();
  std::string text = copy;
  g_free(copy);
  for (char &character : text)
    if (character == '\n') character = ' ';
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text.empty() ? "libvips failed without a reason" : text;
}

}  // namespace

namespace imaging {

namespace {
std::atomic<bool> keeps_memory = false;
}

void start_vips() {
  static std::once_flag once;
  static bool started = false;
  std::call_once(once, [] {
#ifdef __GLIBC__
    // Memory for pixels goes back to the system when it is freed. Otherwise the C library raises its
    // threshold with the first large image, and the heap of each thread keeps what it once had.
    if (!keeps_memory) mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
    started = VIPS_INIT("imagine") == 0;
    // Nothing is decoded twice, so an operation cache would only use memory.
    vips_cache_set_max(0);
    // Several calls run at once; all cores for each would give cores² threads.
    vips_concurrency_set(std::min(4, vips_concurrency_get()));
    vips_block_untrusted_set(TRUE);
    g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, keep_quiet, nullptr);
  });
  if (!started) throw Failure{IMAGING_FAILED, "libvips did not start"};
}

VipsFailure::VipsFailure() : Failure{IMAGING_FAILED, vips_message()} {}

StopGuard::StopGuard(VipsImage *image, const ImagingControl *control) : image_(image) {
  if (control == nullptr) return;
  g_object_ref(image_);
  vips_image_set_progress(image_, TRUE);
  handler_ = g_signal_connect(
      image_, "eval", G_CALLBACK(on_progress), const_cast<ImagingControl *>(control));
}

StopGuard::~StopGuard() {
  if (handler_ == 0) return;
  g_signal_handler_disconnect(image_, handler_);
  g_object_unref(image_);
}

VipsImage *wrap(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels) {
  VipsImage *image = vips_image_new_from_memory(
      pixels, size_t(width) * size_t(height) * size_t(channels), width, height, channels,
      VIPS_FORMAT_UCHAR);
  if (image == nullptr) return nullptr;
  image->Type = VIPS_INTERPRETATION_sRGB;
  // Several threads for a small image cost more than they save.
  if (int64_t(width) * height <= 1 << 20) vips_image_set_int(image, VIPS_META_CONCURRENCY, 1);
  return image;
}

ImagingPicture pixels_of(VipsImage *image) {
  size_t size = 0;
  void *pixels = vips_image_write_to_memory(image, &size);
  if (pixels == nullptr) throw VipsFailure();
  return ImagingPicture{
      static_cast<uint8_t *>(pixels), vips_image_get_width(image), vips_image_get_height(image),
      vips_image_get_bands(image)};
}

}  // namespace imaging

extern "C" int imaging_start(ImagingFault *fault) {
  return imaging::guarded(fault, [] { imaging::start_vips(); });
}

extern "C" void imaging_keep_memory(void) {
  imaging::keeps_memory = true;
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

extern "C" void imaging_release_memory(size_t kept) {
#ifdef __GLIBC__
  if (mallinfo2().fordblks > kept) malloc_trim(0);
#endif
}

extern "C" void imaging_free(void *memory) { g_free(memory); }

extern "C" void *imaging_allocate(size_t size) { return g_try_malloc(size); }
