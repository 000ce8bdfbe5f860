// Products of matrices: Gemm, MatMul, and onnxruntime's FusedMatMul with its layouts.
#include "../products.h"

#include "../registry.h"
#include "../walk.h"

namespace isoflop {
namespace {

using kernels::ProductCall;

struct Layout {
  bool transA = false, transB = false, leadA = false, leadB = false;
  float alpha = 1;
};

// A batch of matrices as stored.
struct Matrices {
  Shape batch, batchSteps;
  int64_t rows, columns, rowStep, columnStep;

  Matrices(const Tensor& x, bool lead, bool transposed) {
    if (x.rank() < 2) throw OpError("operands of fewer than two axes have no kernel");
    const Shape steps = stepsInOrder(x.shape);
    const size_t last = x.shape.size() - 1, row = lead ? 0 : last - 1;
    for (size_t axis = 0; axis < last; axis++) {
      if (axis == row) continue;
      batch.push_back(x.shape[axis]);
      batchSteps.push_back(steps[axis]);
    }
    rows = x.shape[row];
    columns = x.shape[last];
    rowStep = steps[row];
    columnStep = steps[last];
    if (!transposed) return;
    std::swap(rows, columns);
    std::swap(rowStep, columnStep);
  }

  // Steps along the axes of a larger batch.
  Shape over(const Shape& whole) const {
    const Shape fits = broadcastSteps(batch, whole);
    Shape steps(whole.size(), 0);
    const size_t missing = whole.size() - batch.size();
    for (size_t axis = 0; axis < batch.size(); axis++) steps[missing + axis] = fits[missing + axis] == 0 ? 0 : batchSteps[axis];
    return steps;
  }
};

const char* at(const void* base, int64_t offset, size_t bytes) { return static_cast<const char*>(base) + offset * static_cast<int64_t>(bytes); }

// One call for the innermost batch axis; further ones, where they cannot be joined, one after the other.
void multiply(const DeviceCall& call, const Layout& layout) {
  const Tensor x = call.input(0), y = call.input(1);
  const Matrices a(x, layout.leadA, layout.transA), b(y, layout.leadB, layout.transB);
  if (a.columns != b.rows) throw OpError("matrices of " + std::to_string(a.columns) + " columns and " + std::to_string(b.rows) + " rows");
  const Shape batch = broadcast(a.batch, b.batch);
  Shape shape = batch;
  shape.insert(shape.end(), {a.rows, b.columns});
  void* result = call.output(0, shape);
  if (elementsOf(shape) == 0) return;

  Shape resultSteps = stepsInOrder(shape);
  resultSteps.resize(batch.size());
  kernels::Steps aSteps, bSteps, cSteps;
  const kernels::Space space = folded({batch, {a.over(batch), b.over(batch), resultSteps}}, {&aSteps, &bSteps, &cSteps});
  const int inner = space.axes - 1;
  ProductCall one{x.type, a.rows, b.columns, a.columns, 1, x.data, y.data, result, a.rowStep, a.columnStep, 0, b.rowStep, b.columnStep, 0, 0, layout.alpha, 0};
  if (inner >= 0) {
    one.batch = space.sizes[inner];
    one.aBatch = aSteps.along[inner];
    one.bBatch = bSteps.along[inner];
    one.cBatch = cSteps.along[inner];
  }
  kernels::Space outer = space;
  outer.axes = inner < 0 ? 0 : inner;
  call.withScratch(device::productScratchBytes(one), [&](void* scratch) {
    for (size_t i = 0; i < kernels::elements(outer); i++) {
      ProductCall each = one;
      each.a = at(x.data, kernels::offsetOf(i, outer, aSteps), x.bytesPerElement());
      each.b = at(y.data, kernels::offsetOf(i, outer, bSteps), x.bytesPerElement());
      each.c = const_cast<char*>(at(result, kernels::offsetOf(i, outer, cSteps), x.bytesPerElement()));
      require(device::product(each, scratch));
    }
  });
}

void gemm(const DeviceCall& call, const Layout& layout, float beta) {
  const Tensor x = call.input(0), y = call.input(1);
  if (x.rank() != 2 || y.rank() != 2) throw OpError("operands are matrices");
  const Matrices a(x, false, layout.transA), b(y, false, layout.transB);
  if (a.columns != b.rows) throw OpError("matrices of " + std::to_string(a.columns) + " columns and " + std::to_string(b.rows) + " rows");
  const Shape shape{a.rows, b.columns};
  void* result = call.output(0, shape);
  if (elementsOf(shape) == 0) return;
  const bool added = call.has(2) && beta != 0;
  if (added) require(kernels::isoflop_copy(x.bytesPerElement(), mapOver(shape, {call.input(2)}, result), call.stream()));
  const ProductCall product{x.type, a.rows, b.columns, a.columns, 1, x.data, y.data, result, a.rowStep, a.columnStep, 0, b.rowStep, b.columnStep, 0, 0, layout.alpha, added ? beta : 0};
  call.withScratch(device::productScratchBytes(product), [&](void* scratch) { require(device::product(product, scratch)); });
}

}  // namespace

void addProducts(Entries& entries) {
  entries.push_back({"MatMul", {{"T", FLOATS}}, plain([](const DeviceCall& call) { multiply(call, {}); })});
  entries.push_back({"FusedMatMul", {{"T", FLOATS}}, [](const NodeAttributes& attributes) -> Body {
    const auto flag = [&](const char* name) { return attributes.integer(name, 0) != 0; };
    return [layout = Layout{flag("transA"), flag("transB"), flag("transBatchA"), flag("transBatchB"), attributes.number("alpha", 1)}](const DeviceCall& call) { multiply(call, layout); };
  }, {}, Entry::FRESH, MICROSOFT});
  entries.push_back({"Gemm", {{"T", FLOATS}}, [](const NodeAttributes& attributes) -> Body {
    const Layout layout{attributes.integer("transA", 0) != 0, attributes.integer("transB", 0) != 0, false, false, attributes.number("alpha", 1)};
    return [layout, beta = attributes.number("beta", 1)](const DeviceCall& call) { gemm(call, layout, beta); };
  }});
}

}  // namespace isoflop
