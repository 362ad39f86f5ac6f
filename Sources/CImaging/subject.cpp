// Finds the subject of a small image: saliency seeds GrabCut, which draws the outline.

#include "subject.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "saliency.hpp"

namespace {

/// The shape of the salient parts.
struct Shape {
  /// Its fraction of the image, and the fraction of its convex hull that it fills.
  double area = 0;
  double solidity = 0;
  /// The fraction that its largest connected part holds.
  double largest = 0;
  std::vector<cv::Point> hull;

  /// - Parameter mask: not 0 where the parts are.
  explicit Shape(const cv::Mat &mask) {
    std::vector<cv::Point> points;
    cv::findNonZero(mask, points);
    if (points.empty()) return;
    cv::convexHull(points, hull);
    area = double(points.size()) / double(mask.total());
    solidity = double(points.size()) / std::max(1.0, cv::contourArea(hull));
    cv::Mat labels, stats, centres;
    int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8);
    for (int i = 1; i < count; i++) {
      double part = stats.at<int>(i, cv::CC_STAT_AREA) / double(points.size());
      largest = std::max(largest, part);
    }
  }

  /// Several salient spots are parts of a subject that lies between them.
  bool is_scattered() const { return largest < 0.6 && solidity < 0.45; }
};

/// The narrow reading, unless the wide one shows one solid shape where the narrow one shows parts.
cv::Mat chosen(const imaging::Likelihood &likelihood) {
  if (Shape(likelihood.narrow > 0.5f).solidity >= 0.75) return likelihood.narrow;
  Shape wide(likelihood.wide > 0.5f);
  bool is_better = wide.solidity >= 0.85 && wide.area < 0.95;
  return is_better ? likelihood.wide : likelihood.narrow;
}

/// Adds the area around the middle of an image.
void add_middle(cv::Mat &mask) {
  cv::ellipse(
      mask, cv::Point(mask.cols / 2, mask.rows / 2),
      cv::Size(mask.cols * 36 / 100, mask.rows * 40 / 100), 0, 0, 360, 255, cv::FILLED);
}

/// The likely subject when only spots are salient: between the spots, and around the middle when
/// they are few.
cv::Mat gathered(const Shape &spots, const cv::Size &size) {
  cv::Mat inside = cv::Mat::zeros(size, CV_8U);
  if (!spots.hull.empty()) cv::fillConvexPoly(inside, spots.hull, 255);
  if (spots.area < 0.08) add_middle(inside);
  return inside;
}

/// GrabCut's start values: certain and probable subject.
cv::Mat seeds(const cv::Mat &likely) {
  cv::Mat mask(likely.size(), CV_8U, cv::Scalar(cv::GC_PR_BGD));
  mask.setTo(cv::GC_PR_FGD, likely > 0.5f);
  mask.setTo(cv::GC_BGD, likely < 0.12f);
  Shape shape(likely > 0.5f);
  if (shape.is_scattered() || shape.area < 0.01) {
    cv::Mat inside = gathered(shape, likely.size());
    double most;
    cv::minMaxLoc(likely, nullptr, &most);
    cv::Mat possible = likely > std::min(0.08, most / 2);
    mask.setTo(cv::GC_PR_BGD, inside);
    mask.setTo(cv::GC_PR_FGD, inside & possible);
  }
  mask.setTo(cv::GC_FGD, likely > 0.8f);
  return mask;
}

/// Removes islands much smaller than the largest part, and fills holes that are not background.
void tidy(cv::Mat &mask, const cv::Mat &likely) {
  cv::Mat labels, stats, centres;
  int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8);
  int largest = 0;
  for (int i = 1; i < count; i++) largest = std::max(largest, stats.at<int>(i, cv::CC_STAT_AREA));
  for (int y = 0; y < mask.rows; y++)
    for (int x = 0; x < mask.cols; x++) {
      int label = labels.at<int>(y, x);
      if (label != 0 && stats.at<int>(label, cv::CC_STAT_AREA) < largest * 0.08)
        mask.at<uint8_t>(y, x) = 0;
    }
  cv::Mat holes;
  cv::bitwise_not(mask, holes);
  count = cv::connectedComponentsWithStats(holes, labels, stats, centres, 4);
  std::vector<double> sums(size_t(count), 0);
  for (int y = 0; y < mask.rows; y++)
    for (int x = 0; x < mask.cols; x++)
      sums[size_t(labels.at<int>(y, x))] += likely.at<float>(y, x);
  for (int i = 1; i < count; i++) {
    int area = stats.at<int>(i, cv::CC_STAT_AREA);
    cv::Rect box(
        stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
        stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
    bool is_open =
        box.x == 0 || box.y == 0 || box.br().x == mask.cols || box.br().y == mask.rows;
    if (is_open) continue;
    if (area < int(mask.total() / 500) || sums[size_t(i)] / area > 0.5)
      mask.setTo(255, labels == i);
  }
}

/// Reconnects a head whose neck was lost: when a part lies close above a wider part, joins the
/// columns of its middle to that part.
void join_stacked(cv::Mat &mask) {
  cv::Mat labels, stats, centres;
  // A thin line between the parts (a collar) does not connect them.
  cv::Mat solid;
  cv::erode(mask, solid, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(7, 7)));
  int count = cv::connectedComponentsWithStats(solid, labels, stats, centres, 8);
  int widest_gap = mask.rows / 5;
  for (int i = 1; i < count; i++) {
    int left = stats.at<int>(i, cv::CC_STAT_LEFT), width = stats.at<int>(i, cv::CC_STAT_WIDTH);
    int bottom = stats.at<int>(i, cv::CC_STAT_TOP) + stats.at<int>(i, cv::CC_STAT_HEIGHT);
    if (stats.at<int>(i, cv::CC_STAT_AREA) < int(mask.total() / 100)) continue;
    for (int x = left + width / 4; x < left + width * 3 / 4; x++) {
      int top = bottom - 1;
      while (top > 0 && labels.at<int>(top, x) != i) top--;
      int y = top + 1, last = std::min(mask.rows, top + 1 + widest_gap);
      while (y < last && labels.at<int>(y, x) == 0) y++;
      if (y >= last) continue;
      int below = labels.at<int>(y, x);
      if (below == i || stats.at<int>(below, cv::CC_STAT_WIDTH) <= width) continue;
      mask.col(x).rowRange(top + 1, y).setTo(255);
    }
  }
}

double coverage(const cv::Mat &mask) {
  return double(cv::countNonZero(mask)) / double(mask.total());
}

/// What stands out from a plain surface is the subject, but its parts of the surface's colour lack.
const double plain_confidence = 0.9;

/// The pixels that have the commonest colour of a region, by a few levels.
cv::Mat like_most_of(const cv::Mat &region, const cv::Mat &small) {
  cv::Scalar low, high;
  for (int channel = 0; channel < 3; channel++) {
    int counts[256] = {};
    for (int y = 0; y < small.rows; y++)
      for (int x = 0; x < small.cols; x++)
        if (region.at<uint8_t>(y, x) != 0) counts[small.at<cv::Vec3b>(y, x)[channel]]++;
    int level = int(std::max_element(counts, counts + 256) - counts);
    low[channel] = level - 3;
    high[channel] = level + 3;
  }
  cv::Mat same;
  cv::inRange(small, low, high, same);
  return same;
}

/// The connected part of a mask that holds most of some pieces; empty if none holds enough.
cv::Mat part_that_holds(const cv::Mat &pieces, const cv::Mat &mask) {
  cv::Mat labels;
  int count = cv::connectedComponents(mask, labels, 4);
  std::vector<int> held(size_t(count), 0);
  for (int y = 0; y < mask.rows; y++)
    for (int x = 0; x < mask.cols; x++)
      if (pieces.at<uint8_t>(y, x) != 0) held[size_t(labels.at<int>(y, x))]++;
  held[0] = 0;
  size_t most = size_t(std::max_element(held.begin(), held.end()) - held.begin());
  if (held[most] < 0.8 * cv::countNonZero(pieces) || held[most] == 0) return {};
  return labels == int(most);
}

/// The region that a subject found in pieces, or hardly at all, may fill: the pieces and what lies
/// between them, as far as it is likely enough to connect them; with the middle of the image if that
/// is little.
cv::Mat plausible_region(const cv::Mat &pieces, const cv::Mat &likely) {
  cv::Mat region = cv::Mat::zeros(pieces.size(), CV_8U);
  cv::Mat kernel = cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(9, 9));
  for (int step = 15; step > 0; step--) {
    cv::Mat possible = (likely > 0.03 * step) | pieces;
    cv::morphologyEx(possible, possible, cv::MORPH_CLOSE, kernel);
    cv::Mat whole = part_that_holds(pieces, possible);
    if (whole.empty()) continue;
    cv::fillConvexPoly(region, Shape(whole).hull, 255);
    break;
  }
  if (coverage(region) < 0.3) add_middle(region);
  return region;
}

/// A subject as it was found, with how likely it is the whole and nothing else: it is in one part,
/// and more likely than its surroundings. One in pieces, or of which almost nothing was found,
/// becomes the largest region that is plausible.
imaging::Subject judged(const cv::Mat &found, const cv::Mat &likely) {
  Shape shape(found);
  if (shape.largest < 0.6 || shape.area < 0.01) {
    cv::Mat region = plausible_region(found, likely);
    return {region, 0.49 * std::min(1.0, shape.area / coverage(region))};
  }
  double contrast = cv::mean(likely, found)[0] - cv::mean(likely, found == 0)[0];
  return {found, shape.largest * std::clamp(contrast / 0.4, 0.0, 1.0)};
}

}  // namespace

namespace imaging {

cv::Mat subject_likelihood(const cv::Mat &small) {
  cv::Mat likely = Likelihood(small).narrow;
  cv::GaussianBlur(likely, likely, cv::Size(), 1);
  return likely;
}

Subject find_subject(const cv::Mat &small) {
  cv::Mat likely = chosen(Likelihood(small));
  cv::GaussianBlur(likely, likely, cv::Size(), 1);
  cv::Mat mask = seeds(likely);
  cv::Mat result = (mask == cv::GC_FGD) | (mask == cv::GC_PR_FGD);
  int before = cv::countNonZero(result);
  cv::Mat plain = like_most_of(result == 0, small);
  if (cv::countNonZero(result & plain) > 0.9 * before || coverage(plain) > 0.99) {
    // On a plain surface, GrabCut cannot tell the two apart, and searches for many seconds, which
    // nothing can end. What is not plain is the subject.
    if (cv::countNonZero(plain) < int(plain.total())) return {plain == 0, plain_confidence};
  } else if (before > 0 && before < int(mask.total())) {
    // GrabCut needs both subject and background.
    cv::Mat background, foreground;
    cv::setRNGSeed(1);
    cv::grabCut(small, mask, cv::Rect(), background, foreground, 3, cv::GC_INIT_WITH_MASK);
    cv::Mat cut = (mask == cv::GC_FGD) | (mask == cv::GC_PR_FGD);
    // If GrabCut found nothing, or everything, saliency is the better answer.
    double share = double(cv::countNonZero(cut)) / before;
    if (share > 0.2 && cv::countNonZero(cut) < int(mask.total() * 0.97)) result = cut;
  }
  // Lines attached to the subject (the edge of a table) are not part of it.
  cv::Mat opened;
  cv::morphologyEx(
      result, opened, cv::MORPH_OPEN,
      cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(3, 3)));
  if (cv::countNonZero(opened) > 0) result = opened;
  tidy(result, likely);
  join_stacked(result);
  return judged(result, likely);
}

}  // namespace imaging
