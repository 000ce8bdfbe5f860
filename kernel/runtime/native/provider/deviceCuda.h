// What parts of the CUDA device tell each other.
#pragma once

namespace isoflop::device {

// The compute capability as NVIDIA writes it in names of architectures: 90 for 9.0. 0 where there is no device.
int architecture();

}  // namespace isoflop::device
