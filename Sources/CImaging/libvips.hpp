#pragma once

#include <vips/vips.h>

#include <string>

#include "fault.hpp"

/// Shared by all uses of libvips here.
namespace imaging {

/// Starts libvips, once per process.
void start_vips();

/// An operation of libvips that failed. Within `reading`, it counts as the file's fault.
struct VipsFailure : Failure {
  /// Takes libvips's error message. Its buffer is shared by the whole process, so simultaneous
  /// failures may mix their messages.
  VipsFailure();
};

/// Owns one reference to an image; `step` replaces the image by an operation's result.
class Image {
 public:
  explicit Image(VipsImage *image) : image_(image) {
    if (image_ == nullptr) throw VipsFailure();
  }
  ~Image() { g_object_unref(image_); }
  Image(const Image &) = delete;
  Image &operator=(const Image &) = delete;

  operator VipsImage *() const { return image_; }

  template <typename Operation>
  void step(Operation operation) {
    VipsImage *result = nullptr;
    if (operation(image_, &result) != 0) throw VipsFailure();
    g_object_unref(image_);
    image_ = result;
  }

  /// Releases the image and owns `other` instead.
  void become(VipsImage *other) {
    if (other == nullptr) throw VipsFailure();
    g_object_unref(image_);
    image_ = other;
  }

 private:
  VipsImage *image_;
};

/// Stops the computation of an image, and of everything derived from it, once a control says so.
/// Create it before anything is computed from the image, and destroy it before the image.
class StopGuard {
 public:
  StopGuard(VipsImage *image, const ImagingControl *control);
  ~StopGuard();
  StopGuard(const StopGuard &) = delete;
  StopGuard &operator=(const StopGuard &) = delete;

 private:
  VipsImage *image_;
  gulong handler_ = 0;
};

/// Wraps pixels in memory as an image; the memory must outlive it.
VipsImage *wrap(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels);

/// Computes the pixels of an 8-bit image.
ImagingPicture pixels_of(VipsImage *image);

}  // namespace imaging
