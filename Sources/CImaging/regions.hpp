#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace imaging {

/// A patch of a picture whose pixels are alike.
struct Region {
  /// Mean colour in CIE Lab.
  cv::Vec3f colour;
  /// Mean place: 0 … 1 across and down.
  cv::Point2f centre;
  /// Mean strength of fine detail, in steps of a byte.
  float detail = 0;
  /// Pixels, and of these the ones on each edge of the picture.
  int area = 0;
  int on_left = 0;
  int on_right = 0;
  int on_top = 0;
  int on_bottom = 0;
  /// The regions that touch it.
  std::vector<int> neighbours;

  /// Subjects stand on the lower edge: it is no border here.
  int on_border() const { return on_left + on_right + on_top; }
};

/// How far apart the colours of two regions are.
float colour_gap(const Region &one, const Region &other);

/// A picture as a few hundred regions.
class Regions {
 public:
  std::vector<Region> all;

  /// Cuts a picture (8-bit R, G, B, at least 8 pixels a side) along its edges.
  explicit Regions(const cv::Mat &rgb);

  int count() const { return int(all.size()); }

  /// A picture with one value for each region.
  cv::Mat painted(const std::vector<float> &values) const;

 private:
  cv::Mat labels;

  void measure(const cv::Mat &lab, const cv::Mat &detail);
};

}  // namespace imaging
