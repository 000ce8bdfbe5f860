#include "assignment.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "numericKernels.h"

namespace isoflop {
namespace {

constexpr size_t ELEMENTS_PER_PIECE = size_t{1} << 12;
constexpr size_t MAX_PIECES = 64;
constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr int64_t NONE = -1;

// One problem after the other, in memory of its own.
class Problem {
 public:
  Problem(const Call& call, size_t rows, size_t columns) : call_(call), rows_(rows), columns_(columns), rowPrice_(rows), columnPrice_(columns), distance_(columns), shut_(columns), before_(columns), rowOf_(columns) {}

  void solve(const float* costs, int64_t* columnOf) {
    costs_ = costs;
    forbidden_ = costOfForbidden();
    std::fill(rowPrice_.begin(), rowPrice_.end(), 0.0);
    std::fill(columnPrice_.begin(), columnPrice_.end(), 0.0);
    std::fill(rowOf_.begin(), rowOf_.end(), NONE);
    for (size_t start = 0; start < rows_; start++) assign(start);
    for (size_t j = 0; j < columns_; j++)
      if (rowOf_[j] != NONE) columnOf[rowOf_[j]] = static_cast<int64_t>(j);
  }

 private:
  // More than the finite costs of any two assignments are apart.
  double costOfForbidden() const {
    float most = 0;
    for (size_t i = 0; i < rows_ * columns_; i++) {
      const float size = std::fabs(costs_[i]);
      if (size < std::numeric_limits<float>::infinity()) most = std::max(most, size);
    }
    return (static_cast<double>(most) + 1.0) * (2.0 * static_cast<double>(rows_) + 1.0);
  }

  // Gives one more row a column, along the shortest path from it to a column that no row has.
  void assign(size_t start) {
    std::fill(distance_.begin(), distance_.end(), INFINITE);
    std::fill(shut_.begin(), shut_.end(), 0.0);
    int64_t row = static_cast<int64_t>(start), at = NONE;
    double length = 0;
    do {
      call_.stopIfAsked();
      const size_t from = static_cast<size_t>(row);
      const Reach reach{costs_ + from * columns_, columnPrice_.data(), length, rowPrice_[from], forbidden_};
      at = static_cast<int64_t>(numericKernels().relax(distance_.data(), before_.data(), shut_.data(), at, reach, columns_));
      length = distance_[at];
      shut_[at] = INFINITE;
      row = rowOf_[at];
    } while (row != NONE);
    rowPrice_[start] += length;
    for (size_t j = 0; j < columns_; j++) {
      if (shut_[j] == 0 || static_cast<int64_t>(j) == at) continue;
      rowPrice_[rowOf_[j]] += length - distance_[j];
      columnPrice_[j] -= length - distance_[j];
    }
    for (int64_t j = at; j != NONE; j = before_[j]) rowOf_[j] = before_[j] == NONE ? static_cast<int64_t>(start) : rowOf_[before_[j]];
  }

  const Call& call_;
  const size_t rows_, columns_;
  const float* costs_ = nullptr;
  double forbidden_ = 0;
  std::vector<double> rowPrice_, columnPrice_, distance_, shut_;  // shut: 0 for columns still open, infinity for those reached
  std::vector<int64_t> before_, rowOf_;
};

}  // namespace

void OptimalAssignment::compute(const Call& call) const {
  const Operand given = call.input(0);
  expect(given.rank() >= 2, "costs are [..., N, M]");
  const size_t rows = given.size(given.rank() - 2), columns = given.size(given.rank() - 1);
  expect(rows <= columns, "there are no more rows than columns");
  const float* costs = given.as<float>();
  int64_t* columnOf = call.output<int64_t>(0, Shape(given.shape.begin(), given.shape.end() - 1));
  if (given.count == 0) return;
  const size_t problems = given.count / (rows * columns);
  const size_t pieces = std::clamp<size_t>(given.count / ELEMENTS_PER_PIECE, 1, std::min(problems, MAX_PIECES));
  call.parallel(pieces, [&](size_t piece) {
    Problem problem(call, rows, columns);
    for (size_t i = problems * piece / pieces; i < problems * (piece + 1) / pieces; i++) problem.solve(costs + i * rows * columns, columnOf + i * rows);
  });
}

}  // namespace isoflop
