// isoflop.Fused on the device: a kernel compiled for the program, or one that interprets it where there is no compiler.
#include "../../ops/fusedProgram.h"

#include <algorithm>
#include <memory>

#include "../pool.h"
#include "../registry.h"
#include "../runtimeCompiler.h"
#include "../walk.h"

namespace isoflop {
namespace {

using kernels::FusedCall;
using kernels::FusedInstruction;
using kernels::FusedValue;

// Columns that a block works on where rows need not be whole.
constexpr size_t PIECE = 2048;
// Blocks with registers of their own.
constexpr size_t MAX_SLOTS = 1024;

// Addresses of operands, then of results.
struct Addresses {
  void* at[kernels::MAX_FUSED_ADDRESSES];
  int count = 0;

  Addresses(const DeviceCall& call, const FusedProgram& program) {
    for (size_t i = 0; i < program.inputs.size(); i++) {
      const Tensor operand = call.input(i);
      if (operand.type != program.inputs[i].elementType || operand.count != program.inputs[i].count) throw OpError("operand " + std::to_string(i) + " is not as the program says");
      at[count++] = const_cast<void*>(operand.data);
    }
    for (size_t i = 0; i < program.outputs.size(); i++) at[count++] = call.output(i, program.outputs[i].shape);
  }
};

bool isEmpty(const FusedProgram& program) { return program.rows * program.columns == 0; }

class CompiledProgram {
 public:
  explicit CompiledProgram(FusedProgram program) : program_(std::move(program)) {
    if (isEmpty(program_)) return;
    const FusedSource source = fusedSource(program_, device::TARGET);
    blocks_ = source.blocks;
    kernel_ = device::compiledKernel(source.text);
  }

  void run(const DeviceCall& call) const {
    const Addresses addresses(call, program_);
    if (kernel_ != nullptr) require(device::launch(kernel_, blocks_, addresses.at, static_cast<size_t>(addresses.count) * sizeof(void*), call.stream()));
  }

 private:
  FusedProgram program_;
  size_t blocks_ = 0;
  device::CompiledKernel* kernel_ = nullptr;
};

// The program's tables are brought into the device's memory once.
class InterpretedProgram {
 public:
  explicit InterpretedProgram(FusedProgram program) : program_(std::move(program)) {
    if (program_.outer.size() > static_cast<size_t>(kernels::MAX_AXES)) throw OpError("the program has too many axes");
    piece_ = program_.reduces ? program_.columns : std::min(program_.columns, PIECE);
    std::vector<FusedValue> values;
    for (size_t i = 0; i < program_.values(); i++) values.push_back(describe(i));
    std::vector<FusedInstruction> instructions;
    for (const Instruction& from : program_.instructions) instructions.push_back({from.opcode, from.result, {from.operands[0], from.operands[1], from.operands[2]}});
    values_ = upload(values.data(), values.size() * sizeof(FusedValue));
    instructions_ = upload(instructions.data(), instructions.size() * sizeof(FusedInstruction));
    constants_ = upload(program_.constants.data(), program_.constants.size() * sizeof(float));
  }
  InterpretedProgram(const InterpretedProgram&) = delete;
  InterpretedProgram& operator=(const InterpretedProgram&) = delete;
  ~InterpretedProgram() {
    for (void* memory : {values_, instructions_, constants_}) Pool::shared().give(memory);
  }

  void run(const DeviceCall& call) const {
    const Addresses addresses(call, program_);
    if (isEmpty(program_)) return;
    FusedCall fused{};
    std::copy_n(addresses.at, addresses.count, fused.addresses);
    fused.addresses[addresses.count] = constants_;
    fused.values = static_cast<const FusedValue*>(values_);
    fused.instructions = static_cast<const FusedInstruction*>(instructions_);
    fused.count = static_cast<int>(program_.instructions.size());
    fused.outer.axes = static_cast<int>(program_.outer.size());
    std::copy(program_.outer.begin(), program_.outer.end(), fused.outer.sizes);
    fused.rows = program_.rows;
    fused.columns = program_.columns;
    fused.piece = piece_;
    fused.slotFloats = program_.fullRegisters * piece_ + program_.rowRegisters + program_.scalarRegisters;
    const size_t items = program_.rows * ((program_.columns + piece_ - 1) / piece_);
    fused.slots = std::min(items, MAX_SLOTS);
    call.withScratch(fused.slots * fused.slotFloats * sizeof(float), [&](void* scratch) {
      fused.scratch = static_cast<float*>(scratch);
      require(kernels::isoflop_fused(fused, call.stream()));
    });
  }

 private:
  static void* upload(const void* from, size_t bytes) {
    if (bytes == 0) return nullptr;
    void* memory = Pool::shared().take(bytes, Owner::PROGRAMS);
    if (memory == nullptr) throw OpError("out of memory on the device");
    require(device::copy(memory, from, bytes, device::Way::TO_DEVICE));
    return memory;
  }

  FusedValue describe(size_t i) const {
    FusedValue value{};
    value.extent = static_cast<int>(program_.extentOf(i));
    const auto address = [&](size_t number) { value.place = -1 - static_cast<int64_t>(number); };
    const size_t full = program_.fullRegisters * piece_;
    if (i < program_.firstConstant()) {
      const Input& input = program_.inputs[i];
      address(i);
      value.flags = input.elementType == BOOL ? 1 : 0;
      value.innerStep = input.innerStride;
      std::copy(input.outerStrides.begin(), input.outerStrides.end(), value.outerSteps);
    } else if (i < program_.firstFull()) {
      address(program_.inputs.size() + program_.outputs.size());
      value.offset = static_cast<int64_t>(i - program_.firstConstant());
    } else if (i < program_.firstRow()) {
      value.place = static_cast<int64_t>((i - program_.firstFull()) * piece_);
    } else if (i < program_.firstOutput()) {
      value.place = static_cast<int64_t>(full + (i - program_.firstRow()));
    } else {
      address(program_.inputs.size() + (i - program_.firstOutput()));
    }
    return value;
  }

  FusedProgram program_;
  size_t piece_;
  void *values_ = nullptr, *instructions_ = nullptr, *constants_ = nullptr;
};

}  // namespace

void addFused(Entries& entries) {
  // The operator's own schema says that any types fit; the program says which do.
  entries.push_back({"Fused", {}, [](const NodeAttributes& attributes) -> Body {
    FusedProgram program(attributes.text("program"));
    if (program.inputs.size() + program.outputs.size() + 1 > static_cast<size_t>(kernels::MAX_FUSED_ADDRESSES)) throw OpError("the program has too many operands");
    if (device::compilerProblem().empty()) return [compiled = std::make_shared<CompiledProgram>(std::move(program))](const DeviceCall& call) { compiled->run(call); };
    return [interpreted = std::make_shared<InterpretedProgram>(std::move(program))](const DeviceCall& call) { interpreted->run(call); };
  }, {}, Entry::FRESH, OWN});
}

}  // namespace isoflop

// The source of a program in language 0 (CUDA) or 1 (host): what is compiled at run time, for tests. Stays until the next call.
extern "C" __attribute__((visibility("default"))) const char* IsoflopFusedSource(const char* program, int language) {
  using namespace isoflop;
  static std::string text;
  try {
    text = fusedSource(FusedProgram(program), language == 0 ? FusedTarget::CUDA : FusedTarget::HOST).text;
  } catch (const std::exception& error) {
    text = std::string("#error ") + error.what();
  }
  return text.c_str();
}
