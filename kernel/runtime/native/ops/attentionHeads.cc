#include "attentionHeads.h"

#include <algorithm>
#include <cstring>

namespace isoflop {

Heads::Heads(const Operand& operand, bool timeFirst) : shape(operand.shape) {
  expect(operand.rank() == 3, "operands are not of three axes");
  count = operand.size(timeFirst ? 1 : 0);
  length = operand.size(timeFirst ? 0 : 1);
  width = operand.size(2);
  head = timeFirst ? width : length * width;
  step = timeFirst ? count * width : width;
}

Bias::Bias(const Operand& operand, size_t heads, size_t queries, size_t keys) {
  if (!operand.given()) return;
  expect(operand.rank() == 4, "the bias is not of four axes");
  data = operand.as<float>();
  const size_t batch = operand.size(0), inner = operand.size(1);
  // Of a bias that is the same for all heads, or for the whole batch, the other axis says how heads are parted.
  perBatch = inner > 1 ? inner : batch > 1 && heads > 0 && heads % batch == 0 ? heads / batch : 1;
  expect(heads % perBatch == 0 && (batch == 1 || batch == heads / perBatch) && (inner == 1 || inner == perBatch), "the bias does not fit the heads");
  expect((operand.size(2) == 1 || operand.size(2) == queries) && (operand.size(3) == 1 || operand.size(3) == keys), "the bias does not fit queries and keys");
  size_t step = 1;
  for (size_t axis = 4; axis-- > 0; step *= operand.size(axis)) steps[axis] = operand.size(axis) == 1 ? 0 : step;
}

void Bias::add(float* scores, size_t head, size_t query, size_t queries, size_t key, size_t keys) const {
  if (data == nullptr) return;
  const float* from = data + head / perBatch * steps[0] + head % perBatch * steps[1] + query * steps[2] + key * steps[3];
  for (size_t i = 0; i < keys; i++)
    for (size_t q = 0; q < queries; q++) scores[i * QUERIES + q] += from[q * steps[2] + i * steps[3]];
}

AttentionOperands::AttentionOperands(const Call& call, const AttentionSettings& given, size_t biasAt)
    : query(call.input(0)), key(call.input(1)), value(call.input(2)), q(query, given.timeFirst), k(key, given.timeFirst), v(value, given.timeFirst), settings(given) {
  expect(k.count > 0 && q.count % k.count == 0, "heads of queries cannot share those of keys");
  expect(k.count == v.count && k.length == v.length, "keys and values differ in number");
  expect(q.width == k.width, "queries and keys differ in width");
  expect(k.length > 0, "there are no keys");
  expect(!settings.causal || k.length >= q.length, "there are fewer keys than queries");
  bias = Bias(call.optional(biasAt), q.count, q.length, k.length);
  group = q.count / k.count;
  ahead = settings.causal ? k.length - q.length : 0;
}

void AttentionOperands::scores(float* tile, const float* keyRows, const float* queryColumns, const Place& place) const {
  // Whole tiles of columns; beyond the last query they hold zeros.
  const size_t wide = productKernels().columns;
  productKernels().multiply({place.keys, std::min(QUERIES, (place.queries + wide - 1) / wide * wide), q.width, keyRows, q.width, 1, queryColumns, QUERIES, tile, QUERIES, false});
  bias.add(tile, place.head, place.query, place.queries, place.key, place.keys);
}

void AttentionOperands::hide(float* tile, const Place& place, float value) const {
  if (!settings.causal || place.key + place.keys <= place.query + ahead + 1) return;
  for (size_t i = 0; i < place.keys; i++) {
    const size_t first = place.query + ahead;  // the last key that the first query sees
    const size_t hidden = place.key + i > first ? std::min(QUERIES, place.key + i - first) : 0;
    std::fill_n(tile + i * QUERIES, hidden, value);
  }
}

const float* HeadRows::read(const float* data, const Heads& heads, size_t head, size_t first, size_t count) {
  const float* from = data + head * heads.head + first * heads.step;
  for (size_t t = 0; t < count; t++) std::memcpy(memory_.get() + t * width_, from + t * heads.step, width_ * sizeof(float));
  return memory_.get();
}

}  // namespace isoflop
