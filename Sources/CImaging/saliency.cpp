// Saliency: what stands out in an image, region by region, and how strongly that suggests the
// subject.

#include "saliency.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace imaging {

namespace {

/// Colours nearer than this (in Lab, along a path) belong to one thing.
const float kBelonging = 7;

/// Paths that cost more than this are not followed further.
const float kFarthest = 40;

using Links = std::vector<std::vector<std::pair<int, float>>>;

/// The cost of each step between adjacent regions. The whole border counts as one node, because
/// subjects may split a background into parts.
Links steps(const Regions &regions) {
  int count = regions.count();
  double sum = 0;
  for (const Region &region : regions.all) {
    float least = kFarthest;
    for (int j : region.neighbours)
      least = std::min(least, colour_gap(region, regions.all[size_t(j)]));
    sum += least;
  }
  // The difference between any two neighbours is texture.
  float texture = float(sum / count);
  Links links{size_t(count)};
  auto link = [&](int i, int j) {
    float gap = colour_gap(regions.all[size_t(i)], regions.all[size_t(j)]);
    links[size_t(i)].push_back({j, std::max(0.0f, gap - texture)});
  };
  std::vector<int> rim;
  for (int i = 0; i < count; i++) {
    for (int j : regions.all[size_t(i)].neighbours) link(i, j);
    if (regions.all[size_t(i)].on_border() > 0) rim.push_back(i);
  }
  for (int i : rim)
    for (int j : rim)
      if (i != j) link(i, j);
  return links;
}

/// The cost of the cheapest path from one region to every other; `kFarthest` beyond that.
std::vector<float> ways(const Links &links, int from) {
  std::vector<float> crossed(links.size(), kFarthest);
  using Reached = std::pair<float, int>;
  std::priority_queue<Reached, std::vector<Reached>, std::greater<Reached>> open;
  crossed[size_t(from)] = 0;
  open.push({0, from});
  while (!open.empty()) {
    auto [cost, at] = open.top();
    open.pop();
    if (cost > crossed[size_t(at)]) continue;
    for (auto [next, step] : links[size_t(at)]) {
      if (cost + step >= crossed[size_t(next)]) continue;
      crossed[size_t(next)] = cost + step;
      open.push({cost + step, next});
    }
  }
  return crossed;
}

/// Computes the cues about the thing that a region belongs to: its extent, weighted by path cost.
void judge_extent(const Regions &regions, const std::vector<float> &ways, double unit, Cues &cue) {
  double size = 0, across = 0, across_squared = 0;
  double left = 0, right = 0, border = 0;
  for (int j = 0; j < regions.count(); j++) {
    const Region &other = regions.all[size_t(j)];
    double way = ways[size_t(j)];
    double belongs = std::exp(-way * way / (2 * kBelonging * kBelonging));
    double share = belongs * other.area / (unit * unit);
    size += share;
    across += share * other.centre.x;
    across_squared += share * other.centre.x * other.centre.x;
    left += belongs * other.on_left / unit;
    right += belongs * other.on_right / unit;
    border += belongs * (other.on_border() + 0.35 * other.on_bottom) / unit;
  }
  double side = std::sqrt(size);
  across /= size;
  cue.border = float(border / side);
  cue.crossing = float(std::min(left, right) / side);
  cue.spread = float(std::sqrt(std::max(0.0, across_squared / size - across * across)));
}

/// The likelihood that a region is background.
float groundedness(const Cues &cue) { return 1 - std::exp(-cue.border * cue.border / 2); }

/// Across a background, lightness varies more than hue, so it counts less.
float strangeness(const Region &region, const Region &border) {
  cv::Vec3f difference = region.colour - border.colour;
  difference[0] *= 0.6f;
  return float(cv::norm(difference));
}

/// Computes the cues that compare a region with every other.
void compare(
    const Regions &regions, int index, const std::vector<float> &ways,
    const std::vector<float> &ground, Cues &cue) {
  const Region &region = regions.all[size_t(index)];
  double difference = 0, weight = 0;
  cue.strangeness = cue.lenient_strangeness = cue.enclosure = 60;
  for (int j = 0; j < regions.count(); j++) {
    const Region &other = regions.all[size_t(j)];
    cv::Point2f between = region.centre - other.centre;
    double near = std::exp(-between.dot(between) / (2 * 0.25 * 0.25)) * other.area;
    float gap = colour_gap(region, other);
    float doubt = 1 - ground[size_t(j)];
    difference += gap * near * ground[size_t(j)];
    weight += near;
    if (other.on_border() == 0) continue;
    cue.strangeness = std::min(cue.strangeness, strangeness(region, other));
    cue.lenient_strangeness = std::min(cue.lenient_strangeness, gap + 25 * doubt);
    cue.enclosure = std::min(cue.enclosure, ways[size_t(j)] + 10 * doubt);
  }
  cue.contrast = float(difference / weight);
}

/// Stretches the contrasts of an image to 0 … 1, ignoring a few extremes.
void stretch_contrast(std::vector<Cues> &cues) {
  std::vector<float> sorted;
  for (const Cues &cue : cues) sorted.push_back(cue.contrast);
  std::sort(sorted.begin(), sorted.end());
  size_t rest = sorted.size() / 50;
  float low = sorted[rest];
  float range = sorted[sorted.size() - 1 - rest] - low + 1e-6f;
  for (Cues &cue : cues) cue.contrast = std::clamp((cue.contrast - low) / range, 0.0f, 1.0f);
}

std::vector<Cues> cues(const Regions &regions) {
  int count = regions.count();
  Links links = steps(regions);
  double area = 0, detail = 0;
  for (const Region &region : regions.all) {
    area += region.area;
    detail += double(region.detail) * region.area;
  }
  detail /= area;
  std::vector<Cues> result{size_t(count)};
  std::vector<std::vector<float>> crossed;
  std::vector<float> ground;
  for (int i = 0; i < count; i++) {
    crossed.push_back(ways(links, i));
    judge_extent(regions, crossed.back(), std::sqrt(area / count), result[size_t(i)]);
    ground.push_back(groundedness(result[size_t(i)]));
  }
  for (int i = 0; i < count; i++) {
    Cues &cue = result[size_t(i)];
    const Region &region = regions.all[size_t(i)];
    compare(regions, i, crossed[size_t(i)], ground, cue);
    cv::Point2f off = region.centre - cv::Point2f(0.5f, 0.5f);
    cue.place = std::exp(-off.dot(off) / (2 * 0.3f * 0.3f));
    cue.focus = float(std::min(3.0, region.detail / (detail + 0.5)));
    cue.height = region.centre.y;
  }
  stretch_contrast(result);
  return result;
}

/// The weights of both readings were fitted by logistic regression, then rounded, on photographs
/// with known subjects.
float narrow_evidence(const Cues &cue) {
  return -5.9f + 5.3f * std::min(2.0f, cue.strangeness / 30) + 1.5f * cue.contrast +
         2.1f * cue.place + 0.7f * cue.focus + 1.9f * std::exp(-2 * cue.crossing) -
         2.0f * cue.spread + 1.25f * cue.height;
}

float wide_evidence(const Cues &cue) {
  return -4.8f + 2.5f * std::min(2.0f, cue.lenient_strangeness / 30) + 0.8f * cue.contrast +
         1.6f * cue.place + cue.focus + 2.3f * std::exp(-cue.border) +
         0.65f * std::min(2.0f, cue.enclosure / 30);
}

/// Makes neighbours of like colour agree (least squares, Gauss-Seidel).
void settle(const Regions &regions, std::vector<float> &likely) {
  const float own = 3;
  std::vector<std::vector<float>> bonds;
  for (const Region &region : regions.all) {
    bonds.emplace_back();
    for (int j : region.neighbours) {
      float gap = colour_gap(region, regions.all[size_t(j)]) / 10;
      bonds.back().push_back(0.1f + std::exp(-gap * gap / 2));
    }
  }
  std::vector<float> evidence = likely;
  for (int pass = 0; pass < 24; pass++)
    for (size_t i = 0; i < likely.size(); i++) {
      float sum = own * evidence[i], weight = own;
      for (size_t k = 0; k < bonds[i].size(); k++) {
        sum += bonds[i][k] * likely[size_t(regions.all[i].neighbours[k])];
        weight += bonds[i][k];
      }
      likely[i] = sum / weight;
    }
}

cv::Mat reading(
    const Regions &regions, const std::vector<Cues> &cues, float (*evidence)(const Cues &)) {
  std::vector<float> likely;
  for (const Cues &cue : cues) likely.push_back(1 / (1 + std::exp(-evidence(cue))));
  settle(regions, likely);
  return regions.painted(likely);
}

}  // namespace

Likelihood::Likelihood(const cv::Mat &rgb) {
  Regions regions(rgb);
  std::vector<Cues> known = cues(regions);
  narrow = reading(regions, known, narrow_evidence);
  wide = reading(regions, known, wide_evidence);
}

}  // namespace imaging
