// Products on the GPU: by cuBLASLt where it is, with the algorithm it finds best for each form, looked up once.
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "cublasLt.h"
#include "float8.h"
#include "openLibrary.h"
#include "products.h"

namespace isoflop::device {
namespace {

using namespace lt;
using kernels::ProductCall;

constexpr size_t WORKSPACE_BYTES = size_t{32} << 20;  // what NVIDIA advises from Hopper on

struct Library : OpenLibrary {
  Functions functions;
  Handle* handle = nullptr;

  Library() : OpenLibrary({"libcublasLt.so.13", "libcublasLt.so.12"}) {
#define X(name, arguments) find(&functions.name, #name);
    ISOFLOP_CUBLASLT(X)
#undef X
    if (problem.empty() && functions.cublasLtCreate(&handle) != 0) problem = "cuBLASLt does not start";
    if (!problem.empty()) problem = "products of matrices run slowly, since " + problem;
  }
};

Library& library() {
  static Library& only = *new Library;
  return only;
}

// In what float32 products are computed: ISOFLOP_PRODUCTS may ask for "tf32", "bfloat16" or "float8", which are several times faster and
// round the operands; sums are in float32 always. What cannot be done in eight bits is done in bfloat16.
ComputeType float32Products() {
  static const ComputeType wanted = [] {
    const std::string& name = wantedProducts();
    return name == "bfloat16" || name == "float8" ? COMPUTE_32F_FAST_16BF : name == "tf32" ? COMPUTE_32F_FAST_TF32 : COMPUTE_32F;
  }();
  return wanted;
}

struct Types {
  DataType data, result;
  ComputeType compute;
  DataType scale;
};
constexpr Types FLOAT8{R_8F_E4M3, R_32F, COMPUTE_32F, R_32F};

bool typesOf(int type, Types* types) {
  switch (type) {
    case kernels::F32: *types = {R_32F, R_32F, float32Products(), R_32F}; return true;
    case kernels::F64: *types = {R_64F, R_64F, COMPUTE_64F, R_64F}; return true;
    case kernels::F16: *types = {R_16F, R_16F, COMPUTE_32F, R_32F}; return true;
    case kernels::BF16: *types = {R_16BF, R_16BF, COMPUTE_32F, R_32F}; return true;
    default: return false;
  }
}

// One form of product, made ready.
struct Plan {
  Description* description = nullptr;
  Layout *a = nullptr, *b = nullptr, *c = nullptr;
  Algorithm algorithm{};
  size_t workspaceBytes = 0;

  ~Plan() {
    const Functions& f = library().functions;
    if (description != nullptr) f.cublasLtMatmulDescDestroy(description);
    for (Layout* layout : {a, b, c})
      if (layout != nullptr) f.cublasLtMatrixLayoutDestroy(layout);
  }
};

// A matrix of ours, rows by columns in steps, as cuBLASLt sees it: stored by columns. One of its steps is 1.
struct Stored {
  Operation operation;
  uint64_t rows, columns;
  int64_t step;
};

// x transposed, as one operand of (a b)^T = b^T a^T.
Stored transposed(int64_t rows, int64_t columns, int64_t rowStep, int64_t columnStep) {
  // Rows of ours lie together: stored by columns this is the transposed matrix already.
  if (columnStep == 1 || columns == 1) return {AS_STORED, static_cast<uint64_t>(columns), static_cast<uint64_t>(rows), rows == 1 ? columns : rowStep};
  return {TRANSPOSED, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), columnStep};
}

Status layoutOf(Layout** layout, DataType type, const Stored& stored, int64_t batch, int64_t batchStep) {
  const Functions& f = library().functions;
  const auto count = static_cast<int32_t>(batch);
  if (Status status = f.cublasLtMatrixLayoutCreate(layout, type, stored.rows, stored.columns, stored.step)) return status;
  if (Status status = f.cublasLtMatrixLayoutSetAttribute(*layout, BATCH_COUNT, &count, sizeof count)) return status;
  return f.cublasLtMatrixLayoutSetAttribute(*layout, BATCH_STEP, &batchStep, sizeof batchStep);
}

std::shared_ptr<Plan> prepare(const ProductCall& call, const Types& types) {
  const Functions& f = library().functions;
  auto plan = std::make_shared<Plan>();
  const Stored first = transposed(call.k, call.n, call.bRow, call.bColumn), second = transposed(call.m, call.k, call.aRow, call.aColumn);
  const Stored result{AS_STORED, static_cast<uint64_t>(call.n), static_cast<uint64_t>(call.m), call.n};
  bool well = f.cublasLtMatmulDescCreate(&plan->description, types.compute, types.scale) == 0;
  well = well && f.cublasLtMatmulDescSetAttribute(plan->description, TRANS_A, &first.operation, sizeof first.operation) == 0;
  well = well && f.cublasLtMatmulDescSetAttribute(plan->description, TRANS_B, &second.operation, sizeof second.operation) == 0;
  well = well && layoutOf(&plan->a, types.data, first, call.batch, call.bBatch) == 0;
  well = well && layoutOf(&plan->b, types.data, second, call.batch, call.aBatch) == 0;
  well = well && layoutOf(&plan->c, types.result, result, call.batch, call.cBatch) == 0;
  Preference* preference = nullptr;
  well = well && f.cublasLtMatmulPreferenceCreate(&preference) == 0;
  well = well && f.cublasLtMatmulPreferenceSetAttribute(preference, MAX_WORKSPACE_BYTES, &WORKSPACE_BYTES, sizeof WORKSPACE_BYTES) == 0;
  Heuristic best{};
  int found = 0;
  well = well && f.cublasLtMatmulAlgoGetHeuristic(library().handle, plan->description, plan->a, plan->b, plan->c, plan->c, preference, 1, &best, &found) == 0 && found == 1;
  if (preference != nullptr) f.cublasLtMatmulPreferenceDestroy(preference);
  if (!well) return nullptr;
  plan->algorithm = best.algorithm;
  plan->workspaceBytes = best.workspaceBytes;
  return plan;
}

// nullptr where cuBLASLt has no algorithm for this form.
std::shared_ptr<Plan> planFor(const ProductCall& call, const Types& types) {
  using Form = std::tuple<int, int, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>;
  static std::mutex& mutex = *new std::mutex;
  static std::map<Form, std::shared_ptr<Plan>>& plans = *new std::map<Form, std::shared_ptr<Plan>>;
  const Form form{types.data, call.type, call.m, call.n, call.k, call.batch, call.aRow, call.aColumn, call.aBatch, call.bRow, call.bColumn, call.bBatch, call.cBatch};
  const std::lock_guard<std::mutex> lock(mutex);
  const auto known = plans.find(form);
  if (known != plans.end()) return known->second;
  return plans[form] = prepare(call, types);
}

}  // namespace

std::string cublasLtProblem() { return library().problem; }

size_t productScratchBytes(const ProductCall& call) {
  if (!library().problem.empty()) return 0;
  return WORKSPACE_BYTES + (takesFloat8(call) ? float8ScratchBytes(call) : 0);
}

namespace {

// Alpha and beta as cuBLASLt reads them, in the type of the sums.
Failure multiply(const Plan& plan, const ProductCall& call, DataType scale, void* workspace) {
  const double alpha64 = call.alpha, beta64 = call.beta;
  const void* alpha = scale == R_64F ? static_cast<const void*>(&alpha64) : &call.alpha;
  const void* beta = scale == R_64F ? static_cast<const void*>(&beta64) : &call.beta;
  const Status status = library().functions.cublasLtMatmul(library().handle, plan.description, alpha, call.b, plan.a, call.a, plan.b, beta, call.c, plan.c, call.c, plan.c, &plan.algorithm, workspace, plan.workspaceBytes, stream());
  return status == 0 ? nullptr : "cuBLASLt could not multiply";
}

// The same product of operands as they are packed. `form` keeps its batch's steps, so that one matrix that repeats is read once.
ProductCall packedForm(const ProductCall& call, const kernels::Float8Product& packed) {
  ProductCall form = call;
  form.k = packed.width;
  form.a = packed.a;
  form.b = packed.b;
  form.aRow = packed.width;
  form.aColumn = 1;
  form.aBatch = packed.aBatch;
  form.bRow = 1;
  form.bColumn = packed.width;
  form.bBatch = packed.bBatch;
  return form;
}

// Whether it was done: GPUs before Ada have no such products, and some forms no algorithm.
bool inFloat8(const ProductCall& call, char* scratch, Failure* failure) {
  kernels::Float8Product packed;
  *failure = packFloat8(call, scratch + WORKSPACE_BYTES, &packed);
  if (*failure != nullptr) return true;
  const ProductCall form = packedForm(call, packed);
  const std::shared_ptr<Plan> plan = planFor(form, FLOAT8);
  if (plan == nullptr) return false;
  // Scales are part of a description: two threads must not set them at once. (a b)^T = b^T a^T: what comes first is b.
  static std::mutex& mutex = *new std::mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  const Functions& f = library().functions;
  const bool set = f.cublasLtMatmulDescSetAttribute(plan->description, A_SCALE, &packed.bScale, sizeof packed.bScale) == 0 && f.cublasLtMatmulDescSetAttribute(plan->description, B_SCALE, &packed.aScale, sizeof packed.aScale) == 0;
  if (!set) return false;
  *failure = multiply(*plan, form, FLOAT8.scale, scratch);
  return true;
}

}  // namespace

Failure product(const ProductCall& call, void* scratch) {
  Types types;
  if (!library().problem.empty() || call.k == 0 || !typesOf(call.type, &types)) return kernels::isoflop_product(call, stream());
  Failure failure = nullptr;
  if (takesFloat8(call) && inFloat8(call, static_cast<char*>(scratch), &failure)) return failure;
  const std::shared_ptr<Plan> plan = planFor(call, types);
  if (plan == nullptr) return kernels::isoflop_product(call, stream());
  return multiply(*plan, call, types.scale, scratch);
}

}  // namespace isoflop::device
