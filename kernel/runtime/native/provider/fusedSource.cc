#include "fusedSource.h"

#include <algorithm>
#include <cstring>
#include <sstream>

#include "../ops/call.h"
#include "fusedPrelude.h"
#include "kernels/fusedFunctions.h"

namespace isoflop {
namespace {

constexpr size_t MAX_BLOCKS = size_t{1} << 16;
// Below this 32 bits count all elements, however far a thread's last step goes.
constexpr size_t MAX_SHORT_INDEX = size_t{1} << 31;
// Rows up to these lengths are worked on by one thread, by a warp; longer ones by a block.
constexpr size_t THREAD_ROW = 4, WARP_ROW = 1024, WARP = 32;

// The instruction of each element of a reduction.
int pointwiseOf(int opcode) { return opcode < POINTWISE_COUNT ? opcode : opcode == ReduceSum ? Add : opcode == ReduceMax ? Max : Min; }

const char* nameOf(int opcode) {
  switch (pointwiseOf(opcode)) {
#define X(name, operands) \
  case name: return #name;
    ISOFLOP_POINTWISE(X)
#undef X
    default: throw OpError("no such instruction");
  }
}

int operandsOf(int opcode) {
  if (opcode >= POINTWISE_COUNT) return 1;
  constexpr int COUNTS[] = {
#define X(name, operands) operands,
      ISOFLOP_POINTWISE(X)
#undef X
  };
  return COUNTS[opcode];
}

std::string functions() {
  std::string text;
  const auto add = [&](int opcode, const char* name, const char* value) {
    const int count = operandsOf(opcode);
    text += std::string("DEVICE float apply") + name + (count == 1 ? "(float a)" : count == 2 ? "(float a, float b)" : "(float a, float b, float c)") + " { return " + value + "; }\n";
  };
#define X(name, value) add(name, #name, #value);
  ISOFLOP_FUSED_FUNCTIONS(X)
#undef X
  return text;
}

class Writer {
 public:
  explicit Writer(const FusedProgram& program) : program_(program), definition_(program.values(), GIVEN) {
    for (const Instruction& instruction : program.instructions) define(instruction);
    for (size_t i = 0; i < program.outputs.size(); i++)
      if (resultOf(i) == GIVEN) throw OpError("result " + std::to_string(i) + " is never computed");
  }

  FusedSource write(FusedTarget target) {
    const size_t total = program_.rows * program_.columns;
    open(total, target);
    if (program_.reduces) rows();
    else elements(total);
    text_ << "}\n";
    const size_t threads = program_.reduces ? program_.rows * lanes() : total;
    return {text_.str(), std::clamp<size_t>((threads + FUSED_THREADS - 1) / FUSED_THREADS, 1, MAX_BLOCKS)};
  }

 private:
  // Of a value: no instruction gives it, it is an operand or constant.
  static constexpr int GIVEN = -1;

  struct Step {
    const Instruction* instruction;
    Extent extent;
    std::vector<int> from;  // for each operand the step that gives it, or GIVEN
    int level = 0;          // how many reductions come one after the other before it
    bool reduces() const { return instruction->reduces(); }
  };

  const Step& step(int i) const { return steps_[static_cast<size_t>(i)]; }
  int resultOf(size_t output) const { return definition_[program_.firstOutput() + output]; }
  size_t lanes() const { return program_.columns <= THREAD_ROW ? 1 : program_.columns <= WARP_ROW ? WARP : FUSED_THREADS; }

  // Registers are used again: from here on each instruction is a value of its own.
  void define(const Instruction& instruction) {
    Step made{&instruction, program_.extentOf(static_cast<size_t>(instruction.result)), {}};
    for (int k = 0; k < operandsOf(instruction.opcode); k++) {
      const auto value = static_cast<size_t>(instruction.operands[k]);
      const int from = definition_[value];
      if (value >= program_.firstFull() && from == GIVEN) throw OpError("the program reads a value before it computes it");
      if (from != GIVEN) made.level = std::max(made.level, step(from).level + (step(from).reduces() ? 1 : 0));
      made.from.push_back(from);
    }
    definition_[static_cast<size_t>(instruction.result)] = static_cast<int>(steps_.size());
    steps_.push_back(std::move(made));
  }

  void open(size_t total, FusedTarget target) {
    size_t largest = total;
    for (const Input& input : program_.inputs) largest = std::max(largest, input.count);
    text_ << "#define ADDRESSES " << std::max<size_t>(1, program_.inputs.size() + program_.outputs.size()) << "\n#define LANES " << lanes() << "u\n";
    text_ << "typedef unsigned " << (largest < MAX_SHORT_INDEX ? "int" : "long long") << " Index;" << (target == FusedTarget::CUDA ? CUDA_PRELUDE : HOST_PRELUDE) << functions() << "KERNEL {\n";
    size_t next = 0;
    for (size_t i = 0; i < program_.inputs.size(); i++) {
      const char* type = program_.inputs[i].elementType == BOOL ? "unsigned char" : "float";
      text_ << "const " << type << "* const __restrict__ i" << i << " = (const " << type << "*)given.at[" << next++ << "];\n";
    }
    for (size_t i = 0; i < program_.outputs.size(); i++) text_ << "float* const __restrict__ o" << i << " = (float*)given.at[" << next++ << "];\n";
  }

  // Where rows of repeated operands begin.
  void starts() {
    for (size_t i = 0; i < program_.inputs.size(); i++) {
      if (program_.inputs[i].extent != Extent::STRIDED) continue;
      text_ << "const Index s" << i << " = 0u";
      size_t behind = 1;
      for (size_t axis = program_.outer.size(); axis-- > 0; behind *= program_.outer[axis])
        if (const int64_t stride = program_.inputs[i].outerStrides[axis]) text_ << " + row / " << behind << "u % " << program_.outer[axis] << "u * " << stride << "u";
      text_ << ";\n";
    }
  }

  // Nothing is reduced: each thread has elements of its own.
  void elements(size_t total) {
    element_ = "i";
    text_ << "EACH_ELEMENT(i, " << total << "u) {\nconst Index row = i / " << program_.columns << "u, column = i % " << program_.columns << "u;\n(void)row; (void)column;\n";
    starts();
    const auto any = [](const Step&) { return true; };
    compute(results(any), any);
    store("", "if (column == 0) ", "if (i == 0) ");
    text_ << "}\n";
  }

  // The lanes of a row go through it once for each level of reductions, and once for results: elements are computed again, not kept.
  void rows() {
    element_ = "start + column";
    text_ << "EACH_ROW(row, " << program_.rows << "u) {\nconst Index start = row * " << program_.columns << "u;\n(void)start;\n";
    starts();
    int last = 0;
    for (const Step& each : steps_) last = std::max(last, each.level);
    for (int level = 0; level <= last; level++) {
      // What is the same for the whole row every lane computes.
      compute(all([&](const Step& each) { return each.level == level && each.extent != Extent::FULL && !each.reduces(); }), [](const Step&) { return false; });
      reduce(all([&](const Step& each) { return each.level == level && each.reduces(); }));
    }
    if (const std::vector<int> full = results(isElement); !full.empty()) {
      openRow();
      compute(full, isElement);
      store("", nullptr, nullptr);
      text_ << "}\n";
    }
    store(nullptr, "if (LANE == 0) ", "if (LANE == 0 && row == 0) ");
    text_ << "}\n";
  }

  static bool isElement(const Step& each) { return each.extent == Extent::FULL; }

  void openRow() { text_ << "for (Index column = LANE; column < " << program_.columns << "u; column += LANE_COUNT) {\n"; }

  void reduce(const std::vector<int>& reductions) {
    if (reductions.empty()) return;
    std::vector<int> operands;
    for (const int i : reductions) {
      const int opcode = step(i).instruction->opcode;
      text_ << "float v" << i << " = " << (opcode == ReduceSum ? "0.0f" : opcode == ReduceMax ? "-INFINITE" : "INFINITE") << ";\n";
      if (step(i).from[0] != GIVEN) operands.push_back(step(i).from[0]);
    }
    openRow();
    compute(operands, isElement);
    for (const int i : reductions) text_ << "v" << i << " = apply" << nameOf(step(i).instruction->opcode) << "(v" << i << ", " << operand(i, 0) << ");\n";
    text_ << "}\n";
    for (const int i : reductions) text_ << "v" << i << " = joined<apply" << nameOf(step(i).instruction->opcode) << ">(v" << i << ");\n";
  }

  template <class Test>
  std::vector<int> all(const Test& test) const {
    std::vector<int> found;
    for (size_t i = 0; i < steps_.size(); i++)
      if (test(steps_[i])) found.push_back(static_cast<int>(i));
    return found;
  }

  // The steps that give results, of those that pass.
  template <class Test>
  std::vector<int> results(const Test& test) const {
    std::vector<int> found;
    for (size_t i = 0; i < program_.outputs.size(); i++)
      if (test(step(resultOf(i)))) found.push_back(resultOf(i));
    return found;
  }

  // Writes `targets` in order, after those steps that they read and `within` lets pass; others have been written before.
  template <class Test>
  void compute(const std::vector<int>& targets, const Test& within) {
    std::vector<bool> needed(steps_.size(), false);
    for (const int i : targets) needed[static_cast<size_t>(i)] = true;
    for (size_t i = needed.size(); i-- > 0;) {
      if (!needed[i]) continue;
      for (const int from : steps_[i].from)
        if (from != GIVEN && within(step(from))) needed[static_cast<size_t>(from)] = true;
    }
    for (size_t k = 0; k < needed.size(); k++) {
      if (!needed[k]) continue;
      const auto i = static_cast<int>(k);
      text_ << "const float v" << i << " = apply" << nameOf(step(i).instruction->opcode) << "(";
      for (size_t operandAt = 0; operandAt < step(i).from.size(); operandAt++) text_ << (operandAt > 0 ? ", " : "") << operand(i, operandAt);
      text_ << ");\n";
    }
  }

  std::string operand(int i, size_t k) const {
    if (step(i).from[k] != GIVEN) return "v" + std::to_string(step(i).from[k]);
    const auto value = static_cast<size_t>(step(i).instruction->operands[k]);
    if (value >= program_.firstConstant()) {
      uint32_t bits;
      std::memcpy(&bits, &program_.constants[value - program_.firstConstant()], sizeof bits);
      return "BITS(" + std::to_string(bits) + "u)";
    }
    const Input& input = program_.inputs[value];
    const std::string number = std::to_string(value);
    const std::string place = input.extent == Extent::FULL ? element_ : input.extent == Extent::ROW ? "row" : input.extent == Extent::SCALAR ? "0" : "s" + number + (input.innerStride == 0 ? "" : " + column");
    const std::string loaded = "LOAD(i" + number + " + (" + place + "))";
    return input.elementType == BOOL ? "(" + loaded + " != 0 ? 1.0f : 0.0f)" : loaded;
  }

  // Results of each extent, under its condition; nullptr: not these here.
  void store(const char* full, const char* row, const char* scalar) {
    for (size_t i = 0; i < program_.outputs.size(); i++) {
      const Extent extent = program_.outputs[i].extent;
      const char* condition = extent == Extent::FULL ? full : extent == Extent::ROW ? row : scalar;
      if (condition != nullptr) text_ << condition << "o" << i << "[" << (extent == Extent::FULL ? element_ : extent == Extent::ROW ? "row" : "0") << "] = v" << resultOf(i) << ";\n";
    }
  }

  const FusedProgram& program_;
  std::vector<int> definition_;  // of each value, the step that gave it last
  std::vector<Step> steps_;
  const char* element_ = "";  // where an element of FULL extent lies
  std::ostringstream text_;
};

}  // namespace

FusedSource fusedSource(const FusedProgram& program, FusedTarget target) { return Writer(program).write(target); }

}  // namespace isoflop
