// Device memory and the device's stream, as onnxruntime asks for them.
#pragma once
#include <memory>

#include "pool.h"
#include "providerAbi.h"

namespace isoflop {

// An allocator over a pool. Released by releaseAllocator.
Allocator* makeAllocator(std::shared_ptr<Pool> pool, Owner owner);
void releaseAllocator(Allocator* allocator);

// The one stream, as an object that onnxruntime may have several of.
SyncStreamImpl* makeStream();

}  // namespace isoflop
