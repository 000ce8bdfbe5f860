// The simulated device's stream: work is done when it is given, or recorded.
#pragma once
#include <functional>
#include <vector>

namespace isoflop::simulated {

struct Stream {
  // Where work goes while it is recorded.
  std::vector<std::function<void()>>* recording = nullptr;
};

inline void submit(void* stream, std::function<void()> work) {
  auto* own = static_cast<Stream*>(stream);
  if (own->recording != nullptr) own->recording->push_back(std::move(work));
  else work();
}

}  // namespace isoflop::simulated
