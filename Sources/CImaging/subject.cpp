// Finding the subject of a small picture.
//
// What the border of the picture is made of is background. A pixel stands out by its colour, and by
// what a way from it to the border must cross; GrabCut then draws the line.

#include "subject.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace {

/// One of the colours of the border, with how much it varies.
struct Shade {
  cv::Vec3f mean;
  cv::Matx33f inverse;

  /// Squared distance, in units of the shade's own variation.
  float distance(const cv::Vec3f &colour) const {
    cv::Vec3f d = colour - mean;
    return d.dot(inverse * d);
  }
};

/// Background is what the top and the sides show; a subject may stand on the lower edge.
bool is_border(int x, int y, const cv::Size &size, int depth) {
  return y < depth || x < depth || x >= size.width - depth;
}

std::vector<Shade> border_shades(const cv::Mat &lab) {
  int depth = std::max(2, std::min(lab.cols, lab.rows) / 24);
  std::vector<cv::Vec3f> samples;
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++)
      if (is_border(x, y, lab.size(), depth)) samples.push_back(lab.at<cv::Vec3f>(y, x));
  cv::Mat data(int(samples.size()), 3, CV_32F, samples.data());
  cv::Mat labels, centres;
  cv::setRNGSeed(1);
  int count = std::min<int>(8, data.rows);
  cv::kmeans(
      data, count, labels,
      cv::TermCriteria(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, 12, 0.5), 1,
      cv::KMEANS_PP_CENTERS, centres);
  std::vector<Shade> shades;
  for (int k = 0; k < count; k++) {
    cv::Matx33f spread = cv::Matx33f::zeros();
    cv::Vec3f mean(centres.at<float>(k, 0), centres.at<float>(k, 1), centres.at<float>(k, 2));
    int members = 0;
    for (size_t i = 0; i < samples.size(); i++) {
      if (labels.at<int>(int(i)) != k) continue;
      cv::Vec3f d = samples[i] - mean;
      spread += cv::Matx33f(cv::Matx31f(d) * cv::Matx13f(d[0], d[1], d[2]));
      members++;
    }
    // A few pixels of the border may be the subject's own.
    if (members < int(samples.size() / 60)) continue;
    spread *= 1.0f / float(members);
    // Light changes across a background more than hue does.
    spread += cv::Matx33f(20, 0, 0, 0, 8, 0, 0, 0, 8);
    shades.push_back(Shade{mean, spread.inv()});
  }
  return shades;
}

/// 0 where a colour is the border's, towards 1 the further it is from every shade of it.
cv::Mat strangeness(const cv::Mat &lab) {
  std::vector<Shade> shades = border_shades(lab);
  cv::Mat result(lab.size(), CV_32F);
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++) {
      float nearest = 1e9f;
      for (const Shade &shade : shades)
        nearest = std::min(nearest, shade.distance(lab.at<cv::Vec3f>(y, x)));
      result.at<float>(y, x) = 1 - std::exp(-nearest / 9);
    }
  cv::GaussianBlur(result, result, cv::Size(), lab.cols / 140.0 + 0.5);
  return result;
}

/// For one channel: the least that brightness must range over on a way to the border. Passes over
/// the picture in both directions come near to it (minimum barrier distance).
void add_barriers(const cv::Mat &channel, const cv::Mat &seeds, cv::Mat &sum) {
  cv::Mat low = channel.clone(), high = channel.clone();
  cv::Mat barrier(channel.size(), CV_32F, cv::Scalar(1e6f));
  barrier.setTo(0, seeds);
  auto visit = [&](int y, int x, int from_y, int from_x) {
    float value = channel.at<float>(y, x);
    float top = std::max(high.at<float>(from_y, from_x), value);
    float bottom = std::min(low.at<float>(from_y, from_x), value);
    if (top - bottom < barrier.at<float>(y, x)) {
      barrier.at<float>(y, x) = top - bottom;
      high.at<float>(y, x) = top;
      low.at<float>(y, x) = bottom;
    }
  };
  for (int pass = 0; pass < 4; pass++) {
    bool forward = pass % 2 == 0;
    int step = forward ? 1 : -1;
    for (int i = 0; i < channel.rows; i++)
      for (int j = 0; j < channel.cols; j++) {
        int y = forward ? i : channel.rows - 1 - i;
        int x = forward ? j : channel.cols - 1 - j;
        if (y - step >= 0 && y - step < channel.rows) visit(y, x, y - step, x);
        if (x - step >= 0 && x - step < channel.cols) visit(y, x, y, x - step);
      }
  }
  sum += barrier;
}

/// How much a way to the border must cross, measured by what it crosses within the background.
cv::Mat enclosure(const cv::Mat &lab, const cv::Mat &strange) {
  cv::Mat smooth;
  cv::GaussianBlur(lab, smooth, cv::Size(), lab.cols / 200.0 + 0.4);
  cv::Mat seeds = cv::Mat::zeros(lab.size(), CV_8U);
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++) {
      bool is_edge = is_border(x, y, lab.size(), 1) || y == lab.rows - 1;
      if (is_edge && strange.at<float>(y, x) < 0.5f) seeds.at<uint8_t>(y, x) = 255;
    }
  cv::Mat sum = cv::Mat::zeros(lab.size(), CV_32F);
  std::vector<cv::Mat> channels;
  cv::split(smooth, channels);
  for (const cv::Mat &channel : channels) add_barriers(channel, seeds, sum);
  std::vector<float> usual;
  int ring = std::max(3, lab.cols / 9);
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++)
      if (is_border(x, y, lab.size(), ring)) usual.push_back(sum.at<float>(y, x));
  std::nth_element(usual.begin(), usual.begin() + long(usual.size() * 4 / 5), usual.end());
  float level = usual[usual.size() * 4 / 5];
  cv::Mat result = (sum - level * 1.2f) / (level * 1.2f + 22);
  cv::max(result, 0, result);
  cv::min(result, 1, result);
  return result;
}

/// The share of the border that a mask touches.
double touched_border(const cv::Mat &mask) {
  int count = cv::countNonZero(mask.row(0)) + cv::countNonZero(mask.col(0)) +
              cv::countNonZero(mask.col(mask.cols - 1));
  return double(count) / (mask.cols + 2 * mask.rows);
}

/// Drops islands much smaller than the largest part, and fills holes that are no background.
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

}  // namespace

namespace imaging {

cv::Mat subject_likelihood(const cv::Mat &small) {
  cv::Mat scaled, lab;
  small.convertTo(scaled, CV_32F, 1.0 / 255);
  cv::cvtColor(scaled, lab, cv::COLOR_RGB2Lab);
  cv::Mat strange = strangeness(lab);
  cv::Mat enclosed = enclosure(lab, strange);
  cv::Mat result(lab.size(), CV_32F);
  for (int y = 0; y < lab.rows; y++)
    for (int x = 0; x < lab.cols; x++) {
      float s = strange.at<float>(y, x);
      float e = enclosed.at<float>(y, x);
      // Subjects are rarely at the upper corners; below they may be anywhere.
      float dx = (x + 0.5f) / lab.cols - 0.5f;
      float dy = std::min(0.0f, (y + 0.5f) / lab.rows - 0.55f);
      float place = std::exp(-(dx * dx * 2.2f + dy * dy * 2.4f));
      result.at<float>(y, x) = (0.62f * s + 0.38f * e) * (0.45f + 0.55f * place);
    }
  return result;
}

cv::Mat find_subject(const cv::Mat &small) {
  cv::Mat likely = subject_likelihood(small);
  cv::Mat mask(small.size(), CV_8U, cv::Scalar(cv::GC_PR_BGD));
  mask.setTo(cv::GC_PR_FGD, likely > 0.42f);
  cv::Mat sure;
  cv::erode(likely > 0.68f, sure, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(5, 5)));
  mask.setTo(cv::GC_FGD, sure);
  mask.setTo(cv::GC_BGD, likely < 0.1f);
  cv::Mat background, foreground;
  cv::setRNGSeed(1);
  cv::grabCut(small, mask, cv::Rect(), background, foreground, 4, cv::GC_INIT_WITH_MASK);
  cv::Mat result = (mask == cv::GC_FGD) | (mask == cv::GC_PR_FGD);
  if (cv::countNonZero(result) < int(result.total() / 400) || touched_border(result) > 0.6) {
    // The model found nothing, or everything: what stands out is then the better answer.
    result = likely > 0.42f;
  }
  // Lines that hang on to the subject (the edge of a table) are no part of it.
  cv::morphologyEx(
      result, result, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(3, 3)));
  tidy(result, likely);
  return result;
}

}  // namespace imaging
