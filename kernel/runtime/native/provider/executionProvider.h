// The execution provider of a session.
#pragma once
#include "providerAbi.h"

namespace isoflop {

// With `replays` the session's runs may be recorded; its memory is then its own, since recordings hold addresses.
Ep* makeExecutionProvider(const KernelRegistry* registry, bool replays);
void releaseExecutionProvider(Ep* ep);

}  // namespace isoflop
