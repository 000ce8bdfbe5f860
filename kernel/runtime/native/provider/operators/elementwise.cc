// Operators that work element by element.
#include "../registry.h"
#include "../walk.h"

namespace isoflop {
namespace {

using kernels::Comparison;
using kernels::Elementwise;
using kernels::Logic;

std::function<Body(const NodeAttributes&)> elementwise(Elementwise operation, size_t operands) {
  return plain([=](const DeviceCall& call) {
    std::vector<Tensor> tensors{call.input(0)};
    if (operands > 1) tensors.push_back(call.input(1));
    const Shape shape = operands > 1 ? broadcast(tensors[0].shape, tensors[1].shape) : tensors[0].shape;
    require(kernels::isoflop_elementwise(operation, tensors[0].type, mapOver(shape, tensors, call.output(0, shape)), call.stream()));
  });
}

std::function<Body(const NodeAttributes&)> comparison(Comparison operation) {
  return plain([=](const DeviceCall& call) {
    std::vector<Tensor> tensors{call.input(0)};
    if (operation != Comparison::IS_NAN) tensors.push_back(call.input(1));
    const Shape shape = tensors.size() > 1 ? broadcast(tensors[0].shape, tensors[1].shape) : tensors[0].shape;
    require(kernels::isoflop_compare(operation, tensors[0].type, mapOver(shape, tensors, call.output(0, shape)), call.stream()));
  });
}

std::function<Body(const NodeAttributes&)> logic(Logic operation) {
  return plain([=](const DeviceCall& call) {
    std::vector<Tensor> tensors{call.input(0)};
    if (operation != Logic::NOT) tensors.push_back(call.input(1));
    const Shape shape = tensors.size() > 1 ? broadcast(tensors[0].shape, tensors[1].shape) : tensors[0].shape;
    require(kernels::isoflop_logic(operation, mapOver(shape, tensors, call.output(0, shape)), call.stream()));
  });
}

// Max and Min take any number of operands; two are enough here, and one is copied.
std::function<Body(const NodeAttributes&)> extreme(Elementwise operation) {
  return plain([=](const DeviceCall& call) {
    if (call.inputs() > 2) throw OpError("more than two operands");
    const Tensor first = call.input(0), second = call.input(call.inputs() - 1);
    const Shape shape = broadcast(first.shape, second.shape);
    require(kernels::isoflop_elementwise(operation, first.type, mapOver(shape, {first, second}, call.output(0, shape)), call.stream()));
  });
}

void cast(const DeviceCall& call, int to) {
  const Tensor x = call.input(0);
  require(kernels::isoflop_cast(x.type, to, mapOver(x.shape, {x}, call.output(0, x.shape)), call.stream()));
}

void where(const DeviceCall& call) {
  const Tensor condition = call.input(0), x = call.input(1), y = call.input(2);
  const Shape shape = broadcast(condition.shape, broadcast(x.shape, y.shape));
  require(kernels::isoflop_where(x.bytesPerElement(), mapOver(shape, {condition, x, y}, call.output(0, shape)), call.stream()));
}

}  // namespace

void addElementwise(Entries& entries) {
  const auto one = [&](const char* name, Elementwise operation, const Types& types, const char* domain = "") { entries.push_back({name, {{"T", types}}, elementwise(operation, 1), {}, Entry::MAY_OVERWRITE, domain}); };
  const auto two = [&](const char* name, Elementwise operation, const Types& types) { entries.push_back({name, {{"T", types}}, elementwise(operation, 2)}); };
  one("Neg", Elementwise::NEG, NUMBERS);
  one("Abs", Elementwise::ABS, NUMBERS);
  one("Sign", Elementwise::SIGN, NUMBERS);
  one("Exp", Elementwise::EXP, FLOATS);
  one("Log", Elementwise::LOG, FLOATS);
  one("Sqrt", Elementwise::SQRT, FLOATS);
  one("Reciprocal", Elementwise::RECIPROCAL, FLOATS);
  one("Sin", Elementwise::SIN, FLOATS);
  one("Cos", Elementwise::COS, FLOATS);
  one("Tanh", Elementwise::TANH, FLOATS);
  one("Sigmoid", Elementwise::SIGMOID, FLOATS);
  one("Erf", Elementwise::ERF, FLOATS);
  one("Floor", Elementwise::FLOOR, FLOATS);
  one("Ceil", Elementwise::CEIL, FLOATS);
  one("Round", Elementwise::ROUND, FLOATS);
  one("Gelu", Elementwise::GELU, FLOATS, MICROSOFT);
  two("Add", Elementwise::ADD, NUMBERS);
  two("Sub", Elementwise::SUB, NUMBERS);
  two("Mul", Elementwise::MUL, NUMBERS);
  two("Div", Elementwise::DIV, NUMBERS);
  two("Mod", Elementwise::MOD, WHOLE);
  two("BitwiseAnd", Elementwise::BIT_AND, WHOLE);
  two("BitwiseOr", Elementwise::BIT_OR, WHOLE);
  two("BitwiseXor", Elementwise::BIT_XOR, WHOLE);
  entries.push_back({"Pow", {{"T", FLOATS}, {"T1", FLOATS}}, [](const NodeAttributes&) -> Body {
    const Body same = elementwise(Elementwise::POW, 2)(NodeAttributes(nullptr));
    return [same](const DeviceCall& call) {
      if (call.input(0).type != call.input(1).type) throw OpError("base and exponent are of different types");
      same(call);
    };
  }});
  entries.push_back({"Max", {{"T", NUMBERS}}, extreme(Elementwise::MAX)});
  entries.push_back({"Min", {{"T", NUMBERS}}, extreme(Elementwise::MIN)});
  entries.push_back({"QuickGelu", {{"T", FLOATS}}, [](const NodeAttributes& attributes) {
    if (attributes.number("alpha", 1.702f) != 1.0f) throw OpError("only alpha 1 has a kernel");
    return elementwise(Elementwise::SILU, 1)(attributes);
  }, {}, Entry::MAY_OVERWRITE, MICROSOFT});
  entries.push_back({"BitShift", {{"T", WHOLE}}, [](const NodeAttributes& attributes) { return elementwise(attributes.text("direction") == "LEFT" ? Elementwise::SHIFT_LEFT : Elementwise::SHIFT_RIGHT, 2)(attributes); }});
  entries.push_back({"Equal", {{"T", ALL_TYPES}}, comparison(Comparison::EQUAL)});
  entries.push_back({"Less", {{"T", NUMBERS}}, comparison(Comparison::LESS)});
  entries.push_back({"LessOrEqual", {{"T", NUMBERS}}, comparison(Comparison::LESS_EQUAL)});
  entries.push_back({"IsNaN", {{"T1", FLOATS}}, comparison(Comparison::IS_NAN)});
  entries.push_back({"Not", {{"T", BOOLS}}, logic(Logic::NOT)});
  entries.push_back({"And", {{"T", BOOLS}}, logic(Logic::AND)});
  entries.push_back({"Or", {{"T", BOOLS}}, logic(Logic::OR)});
  entries.push_back({"Xor", {{"T", BOOLS}}, logic(Logic::XOR)});
  entries.push_back({"Where", {{"B", BOOLS}, {"T", ALL_TYPES}}, plain(where)});
  entries.push_back({"Cast", {{"T1", ALL_TYPES}, {"T2", ALL_TYPES}}, [](const NodeAttributes& attributes) -> Body {
    return [to = static_cast<int>(attributes.integer("to", 0))](const DeviceCall& call) { cast(call, to); };
  }});
}

}  // namespace isoflop
