// isoflop.Fused on the device: the program is brought into its memory once, when the kernel is made.
#include "../../ops/fusedProgram.h"

#include <algorithm>
#include <memory>

#include "../pool.h"
#include "../registry.h"
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

class DeviceProgram {
 public:
  explicit DeviceProgram(const std::string& text) : program_(text) {
    if (program_.inputs.size() + program_.outputs.size() + 1 > static_cast<size_t>(kernels::MAX_FUSED_ADDRESSES)) throw OpError("the program has too many operands");
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
  DeviceProgram(const DeviceProgram&) = delete;
  DeviceProgram& operator=(const DeviceProgram&) = delete;
  ~DeviceProgram() {
    for (void* memory : {values_, instructions_, constants_}) Pool::shared().give(memory);
  }

  void run(const DeviceCall& call) const {
    FusedCall fused{};
    int next = 0;
    for (size_t i = 0; i < program_.inputs.size(); i++) {
      const Tensor operand = call.input(i);
      if (operand.type != program_.inputs[i].elementType || operand.count != program_.inputs[i].count) throw OpError("operand " + std::to_string(i) + " is not as the program says");
      fused.addresses[next++] = const_cast<void*>(operand.data);
    }
    for (size_t i = 0; i < program_.outputs.size(); i++) fused.addresses[next++] = call.output(i, program_.outputs[i].shape);
    fused.addresses[next] = constants_;
    if (program_.rows * program_.columns == 0) return;
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
    void* memory = Pool::shared().take(bytes);
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
    return [program = std::make_shared<DeviceProgram>(attributes.text("program"))](const DeviceCall& call) { program->run(call); };
  }, {}, Entry::FRESH, OWN});
}

}  // namespace isoflop
