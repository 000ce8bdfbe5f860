// isoflop.Attention and isoflop.AttentionGradient on the device: operands are compared as ../../ops/attentionHeads.cc does.
#include "../registry.h"
#include "../walk.h"

namespace isoflop {
namespace {

using kernels::AttentionCall;

struct Settings {
  explicit Settings(const NodeAttributes& attributes) : causal(attributes.integer("causal", 0) != 0), timeFirst(attributes.integer("timeFirst", 0) != 0), scale(attributes.number("scale", 1)) {}
  bool causal, timeFirst;
  float scale;
};

struct Heads {
  Heads(const Tensor& x, bool timeFirst) {
    if (x.type != FLOAT || x.rank() != 3) throw OpError("operands are float32 of three axes");
    count = x.shape[timeFirst ? 1 : 0];
    length = x.shape[timeFirst ? 0 : 1];
    width = x.shape[2];
    head = timeFirst ? width : length * width;
    step = timeFirst ? count * width : width;
  }
  int64_t count, length, width, head, step;
};

// [B or 1, N / B or 1, T or 1, S or 1]: of a bias that is the same for all heads, or for the whole batch, the other axis says how heads are parted.
void addBias(AttentionCall& to, const Tensor& bias) {
  expect(bias.type == FLOAT && bias.rank() == 4, "the bias is not float32 of four axes");
  const int64_t batch = bias.shape[0], inner = bias.shape[1];
  if (to.heads == 0) return;  // nothing is computed
  to.perBatch = inner > 1 ? inner : batch > 1 && to.heads % batch == 0 ? to.heads / batch : 1;
  expect(to.heads % to.perBatch == 0 && (batch == 1 || batch == to.heads / to.perBatch) && (inner == 1 || inner == to.perBatch), "the bias does not fit the heads");
  expect((bias.shape[2] == 1 || bias.shape[2] == to.queries) && (bias.shape[3] == 1 || bias.shape[3] == to.keys), "the bias does not fit queries and keys");
  const Shape steps = stepsInOrder(bias.shape);
  for (size_t axis = 0; axis < 4; axis++) to.biasSteps[axis] = bias.shape[axis] == 1 ? 0 : steps[axis];
  to.bias = bias.as<float>();
}

AttentionCall callOf(const DeviceCall& call, const Settings& settings, size_t biasAt) {
  const Tensor query = call.input(0), key = call.input(1), value = call.input(2);
  const Heads q(query, settings.timeFirst), k(key, settings.timeFirst), v(value, settings.timeFirst);
  expect(k.count > 0 && q.count % k.count == 0, "heads of queries cannot share those of keys");
  expect(k.count == v.count && k.length == v.length, "keys and values differ in number");
  expect(q.width == k.width, "queries and keys differ in width");
  expect(k.length > 0, "there are no keys");
  expect(!settings.causal || k.length >= q.length, "there are fewer keys than queries");
  AttentionCall to{};
  to.q = query.as<float>();
  to.k = key.as<float>();
  to.v = value.as<float>();
  to.heads = q.count;
  to.group = q.count / k.count;
  to.queries = q.length;
  to.keys = k.length;
  to.width = q.width;
  to.valueWidth = v.width;
  to.qHead = q.head;
  to.qStep = q.step;
  to.kHead = k.head;
  to.kStep = k.step;
  to.vHead = v.head;
  to.vStep = v.step;
  to.outHead = settings.timeFirst ? v.width : q.length * v.width;
  to.outStep = settings.timeFirst ? q.count * v.width : v.width;
  to.perBatch = 1;
  to.scale = settings.scale;
  to.causal = settings.causal;
  if (call.has(biasAt)) addBias(to, call.input(biasAt));
  return to;
}

void attention(const DeviceCall& call, const Settings& settings) {
  AttentionCall kernel = callOf(call, settings, 3);
  Shape shape = call.input(0).shape;
  shape[2] = kernel.valueWidth;
  kernel.out = static_cast<float*>(call.output(0, shape));
  kernel.logSums = static_cast<float*>(call.output(1, {kernel.heads, kernel.queries}));
  require(kernels::isoflop_attention(kernel, call.stream()));
}

void attentionGradient(const DeviceCall& call, const Settings& settings) {
  kernels::AttentionGradientCall kernel{callOf(call, settings, 6), nullptr, nullptr, nullptr, nullptr, nullptr};
  const Tensor out = call.input(3), logSums = call.input(4), g = call.input(5);
  const Heads heads(out, settings.timeFirst);
  expect(heads.count == kernel.of.heads && heads.length == kernel.of.queries && heads.width == kernel.of.valueWidth, "the result of attention has another shape");
  expect(g.type == FLOAT && g.shape == out.shape, "the gradient has another shape than the result");
  expect(logSums.type == FLOAT && static_cast<int64_t>(logSums.count) == kernel.of.heads * kernel.of.queries, "there is not one sum for each query");
  // Read only in this direction.
  kernel.of.out = const_cast<float*>(out.as<float>());
  kernel.of.logSums = const_cast<float*>(logSums.as<float>());
  kernel.g = g.as<float>();
  float** const results[] = {&kernel.dq, &kernel.dk, &kernel.dv};
  for (size_t i = 0; i < 3; i++) *results[i] = static_cast<float*>(call.output(i, call.input(i).shape));
  call.withScratch(logSums.count * sizeof(float), [&](void* scratch) {
    kernel.means = static_cast<float*>(scratch);
    require(kernels::isoflop_attention_gradient(kernel, call.stream()));
  });
}

std::function<Body(const NodeAttributes&)> with(void (*run)(const DeviceCall&, const Settings&)) {
  return [=](const NodeAttributes& attributes) -> Body {
    return [=, settings = Settings(attributes)](const DeviceCall& call) { run(call, settings); };
  };
}

}  // namespace

void addAttention(Entries& entries) {
  entries.push_back(ownEntry("Attention", with(attention)));
  entries.push_back(ownEntry("AttentionGradient", with(attentionGradient)));
}

}  // namespace isoflop
