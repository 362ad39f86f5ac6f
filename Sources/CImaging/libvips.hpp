#pragma once

#include <vips/vips.h>

#include <string>

#include "fault.hpp"

/// What every use of libvips here shares.
namespace imaging {

/// Starts libvips, once for the process.
void start_vips();

/// An operation of libvips that failed. Within `reading`, the file is to blame for it.
struct VipsFailure : Failure {
  /// Takes the message that libvips left. Its buffer belongs to the whole process: of several
  /// failures at once the messages may be mixed.
  VipsFailure();
};

/// Owns one reference to an image; `step` replaces it by what an operation made of it.
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

  /// Takes `other` in its place.
  void become(VipsImage *other) {
    if (other == nullptr) throw VipsFailure();
    g_object_unref(image_);
    image_ = other;
  }

 private:
  VipsImage *image_;
};

/// Stops the computation of an image, and of all that is made of it, once a control says so. Made
/// before anything is computed of the image, and ended before the image is.
class Watch {
 public:
  Watch(VipsImage *image, const ImagingControl *control);
  ~Watch();
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;

 private:
  VipsImage *image_;
  gulong handler_ = 0;
};

/// A picture in memory as an image; the memory must outlive it.
VipsImage *wrap(const uint8_t *pixels, int32_t width, int32_t height, int32_t channels);

/// Computes an image of 8 bits.
ImagingPicture pixels_of(VipsImage *image);

}  // namespace imaging
