// Optimal assignment by shortest augmenting paths, as ../../ops/assignment.cc: one problem for each block, whose lanes share its columns.
#include "ownKernels.h"
#include "scalar.h"

namespace isoflop::kernels {
namespace {

constexpr int64_t NONE = -1;

struct Least {
  template <class T>
  ISOFLOP_BOTH T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};

// Tables of one problem.
struct Tables {
  double *rowPrice, *columnPrice, *distance;
  int64_t *before, *rowOf, *open;  // open: 0 for columns that were reached

  ISOFLOP_BOTH Tables(const AssignmentCall& call, size_t problem) {
    auto* numbers = static_cast<double*>(call.scratch) + problem * (call.rows + 5 * call.columns);
    rowPrice = numbers;
    columnPrice = rowPrice + call.rows;
    distance = columnPrice + call.columns;
    before = reinterpret_cast<int64_t*>(distance + call.columns);
    rowOf = before + call.columns;
    open = rowOf + call.columns;
  }
};

struct Assignment {
  AssignmentCall call;

  // More than the finite costs of any two assignments are apart.
  template <class L>
  ISOFLOP_BOTH double costOfForbidden(const L& lanes, const float* costs) const {
    float most = 0.0f;
    for (size_t i = lanes.index; i < call.rows * call.columns; i += lanes.count) {
      const float size = fabsf(costs[i]);
      if (size < INFINITY) most = Largest{}(most, size);
    }
    return (static_cast<double>(lanes.joined(most, Largest{})) + 1.0) * (2.0 * static_cast<double>(call.rows) + 1.0);
  }

  // The first open column that is nearest, after the way by column `at`, and `row`, to each was looked at. All lanes get it.
  template <class L>
  ISOFLOP_BOTH int64_t relax(const L& lanes, const Tables& tables, const float* costs, int64_t row, int64_t at, double length, double forbidden) const {
    const double price = tables.rowPrice[row];
    double nearest = std::numeric_limits<double>::infinity();
    for (size_t j = lanes.index; j < call.columns; j += lanes.count) {
      if (tables.open[j] == 0) continue;
      const float given = costs[static_cast<size_t>(row) * call.columns + j];
      const double cost = fabsf(given) < INFINITY ? static_cast<double>(given) : forbidden;
      const double through = ((length + cost) - price) - tables.columnPrice[j];
      if (through < tables.distance[j]) {
        tables.distance[j] = through;
        tables.before[j] = at;
      }
      nearest = Least{}(nearest, tables.distance[j]);
    }
    nearest = lanes.joined(nearest, Least{});
    auto first = static_cast<int64_t>(call.columns);
    for (size_t j = lanes.index; j < call.columns; j += lanes.count) {
      if (tables.open[j] == 0 || tables.distance[j] != nearest) continue;
      first = static_cast<int64_t>(j);
      break;
    }
    return lanes.joined(first, Least{});
  }

  // Gives one more row a column, along the shortest path from it to a column that no row has.
  template <class L>
  ISOFLOP_BOTH void assign(const L& lanes, const Tables& tables, const float* costs, int64_t start, double forbidden) const {
    for (size_t j = lanes.index; j < call.columns; j += lanes.count) {
      tables.distance[j] = std::numeric_limits<double>::infinity();
      tables.open[j] = 1;
    }
    lanes.wait();
    int64_t row = start, at = NONE;
    double length = 0;
    do {
      at = relax(lanes, tables, costs, row, at, length, forbidden);
      length = tables.distance[at];
      row = tables.rowOf[at];
      lanes.wait();
      if (lanes.index == 0) tables.open[at] = 0;
      lanes.wait();
    } while (row != NONE);
    // No two columns have one row.
    for (size_t j = lanes.index; j < call.columns; j += lanes.count) {
      if (tables.open[j] != 0 || static_cast<int64_t>(j) == at) continue;
      tables.rowPrice[tables.rowOf[j]] += length - tables.distance[j];
      tables.columnPrice[j] -= length - tables.distance[j];
    }
    lanes.wait();
    if (lanes.index == 0) {
      tables.rowPrice[start] += length;
      for (int64_t j = at; j != NONE; j = tables.before[j]) tables.rowOf[j] = tables.before[j] == NONE ? start : tables.rowOf[tables.before[j]];
    }
    lanes.wait();
  }

  template <class L>
  ISOFLOP_BOTH void operator()(const L& lanes, size_t problem) const {
    const Tables tables(call, problem);
    const float* costs = call.costs + problem * call.rows * call.columns;
    const double forbidden = costOfForbidden(lanes, costs);
    for (size_t i = lanes.index; i < call.rows; i += lanes.count) tables.rowPrice[i] = 0;
    for (size_t j = lanes.index; j < call.columns; j += lanes.count) {
      tables.columnPrice[j] = 0;
      tables.rowOf[j] = NONE;
    }
    lanes.wait();
    for (size_t start = 0; start < call.rows; start++) assign(lanes, tables, costs, static_cast<int64_t>(start), forbidden);
    for (size_t j = lanes.index; j < call.columns; j += lanes.count)
      if (tables.rowOf[j] != NONE) call.columnOf[problem * call.rows + static_cast<size_t>(tables.rowOf[j])] = static_cast<int64_t>(j);
  }
};

}  // namespace

extern "C" {

size_t isoflop_assignment_scratch(const AssignmentCall& call) { return call.problems * (call.rows + 5 * call.columns) * sizeof(double); }
Failure isoflop_assignment(const AssignmentCall& call, void* stream) { return forRows(call.problems, Assignment{call}, stream); }
}

}  // namespace isoflop::kernels
