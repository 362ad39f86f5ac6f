// Poisson blending: pasted pixels keep their own forms and take on the light around them.
//
// Inside the mask the result is the source plus a smooth field. At the rim the field is the
// difference between image and source; inside, it has no extremes of its own (Laplace's equation).
// The field is solved from coarse to fine, so the time is proportional to the area at any size;
// Fourier solvers take minutes when a side is a prime.

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "fault.hpp"
#include "imaging.h"
#include "parallel.hpp"

namespace {

/// Relaxation rounds per scale.
const int kRounds = 8;

/// Three values, and 1 if they are given or 0 if they are to be found.
using Cell = cv::Vec4f;

/// Half the size: the mean of the given ones among each four cells.
cv::Mat halved(const cv::Mat &fine) {
  cv::Mat coarse((fine.rows + 1) / 2, (fine.cols + 1) / 2, CV_32FC4, cv::Scalar::all(0));
  for (int y = 0; y < fine.rows; y++) {
    const Cell *from = fine.ptr<Cell>(y);
    Cell *to = coarse.ptr<Cell>(y / 2);
    for (int x = 0; x < fine.cols; x++)
      if (from[x][3] > 0) to[x / 2] += from[x];
  }
  for (int y = 0; y < coarse.rows; y++) {
    Cell *line = coarse.ptr<Cell>(y);
    for (int x = 0; x < coarse.cols; x++)
      if (line[x][3] > 0) line[x] *= 1 / line[x][3];
  }
  return coarse;
}

/// Sets each unknown cell to the mean of its neighbours, in chessboard order (all cells of one
/// colour, then of the other), so that the order does not show.
void relax(cv::Mat &field, const ImagingControl *control) {
  for (int round = 0; round < 2 * kRounds; round++) {
    imaging::check(control);
    imaging::parallel_for(field.rows, [&](const cv::Range &rows) {
      for (int y = rows.start; y < rows.end; y++) {
        Cell *line = field.ptr<Cell>(y);
        const Cell *above = field.ptr<Cell>(std::max(y - 1, 0));
        const Cell *below = field.ptr<Cell>(std::min(y + 1, field.rows - 1));
        for (int x = (y + round) & 1; x < field.cols; x += 2) {
          if (line[x][3] > 0) continue;
          const Cell &left = line[std::max(x - 1, 0)];
          const Cell &right = line[std::min(x + 1, field.cols - 1)];
          for (int c = 0; c < 3; c++)
            line[x][c] = (above[x][c] + below[x][c] + left[c] + right[c]) * 0.25f;
        }
      }
    });
  }
}

/// Solves for the unknown cells; at least one cell must be given.
void spread(cv::Mat &field, const ImagingControl *control) {
  if (field.total() == 1) return;
  cv::Mat coarse = halved(field);
  spread(coarse, control);
  for (int y = 0; y < field.rows; y++) {
    Cell *line = field.ptr<Cell>(y);
    const Cell *from = coarse.ptr<Cell>(y / 2);
    for (int x = 0; x < field.cols; x++)
      if (line[x][3] == 0)
        for (int c = 0; c < 3; c++) line[x][c] = from[x / 2][c];
  }
  relax(field, control);
}

}  // namespace

extern "C" int imaging_blend(
    uint8_t *pixels, const uint8_t *source, int32_t width, int32_t height, const uint8_t *mask,
    const ImagingControl *control, ImagingFault *fault) {
  return imaging::guarded(fault, [&] {
    cv::Mat whole_area(height, width, CV_8U, const_cast<uint8_t *>(mask));
    cv::Rect box = cv::boundingRect(whole_area);
    if (box.empty()) return;
    box = cv::Rect(box.x - 1, box.y - 1, box.width + 2, box.height + 2) &
          cv::Rect(0, 0, width, height);
    cv::Mat picture = cv::Mat(height, width, CV_8UC3, pixels)(box);
    cv::Mat patch = cv::Mat(height, width, CV_8UC3, const_cast<uint8_t *>(source))(box);
    cv::Mat area = whole_area(box);
    // The rim: pixels outside the mask that touch it.
    cv::Mat rim;
    cv::dilate(area, rim, cv::getStructuringElement(cv::MORPH_CROSS, cv::Size(3, 3)));
    cv::Mat field(box.size(), CV_32FC4, cv::Scalar::all(0));
    bool is_known = false;
    for (int y = 0; y < box.height; y++)
      for (int x = 0; x < box.width; x++) {
        if (rim.at<uint8_t>(y, x) == 0 || area.at<uint8_t>(y, x) != 0) continue;
        const cv::Vec3b &here = picture.at<cv::Vec3b>(y, x), &put = patch.at<cv::Vec3b>(y, x);
        field.at<Cell>(y, x) = Cell(
            float(here[0] - put[0]), float(here[1] - put[1]), float(here[2] - put[2]), 1);
        is_known = true;
      }
    if (is_known) spread(field, control);
    for (int y = 0; y < box.height; y++)
      for (int x = 0; x < box.width; x++) {
        if (area.at<uint8_t>(y, x) == 0) continue;
        for (int c = 0; c < 3; c++)
          picture.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<uint8_t>(
              float(patch.at<cv::Vec3b>(y, x)[c]) + field.at<Cell>(y, x)[c]);
      }
  });
}
