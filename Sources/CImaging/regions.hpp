#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace imaging {

/// A region of an image whose pixels are alike.
struct Region {
  /// Mean colour in CIE Lab.
  cv::Vec3f colour;
  /// Mean position: 0 … 1 across and down.
  cv::Point2f centre;
  /// Mean strength of fine detail, in byte steps.
  float detail = 0;
  /// The number of pixels, and how many of them lie on each edge of the image.
  int area = 0;
  int on_left = 0;
  int on_right = 0;
  int on_top = 0;
  int on_bottom = 0;
  /// The adjacent regions.
  std::vector<int> neighbours;

  /// Subjects stand on the lower edge, so it does not count as border.
  int on_border() const { return on_left + on_right + on_top; }
};

/// The distance between two regions' colours.
float colour_gap(const Region &one, const Region &other);

/// An image as a few hundred regions.
class Regions {
 public:
  std::vector<Region> all;

  /// Splits an image (8-bit R, G, B, at least 8 pixels a side) along its edges.
  explicit Regions(const cv::Mat &rgb);

  int count() const { return int(all.size()); }

  /// An image with one value per region.
  cv::Mat painted(const std::vector<float> &values) const;

 private:
  cv::Mat labels;

  void measure(const cv::Mat &lab, const cv::Mat &detail);
};

}  // namespace imaging
