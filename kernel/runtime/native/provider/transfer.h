// Copies of tensors between host and device.
#pragma once
#include "device.h"
#include "providerAbi.h"

namespace isoflop {

constexpr uint32_t VENDOR = 0x150F;

// Copies whole tensors, from or to the device. To the host it waits for the result, and fails where a kernel found an index
// outside of its table.
Status* transfer(const Value* from, Value* to);

// Whether a kernel met an index outside of its table since it was asked last.
device::Failure fault();

DataTransfer* makeTransfer();

}  // namespace isoflop
