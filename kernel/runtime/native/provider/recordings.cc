#include "recordings.h"

#include "statistics.h"

namespace isoflop {

std::recursive_mutex& Undisturbed::mutex() {
  static std::recursive_mutex& only = *new std::recursive_mutex;
  return only;
}

Recordings::~Recordings() {
  device::synchronize();
  for (const auto& [id, recording] : recorded_) device::discard(recording);
}

device::Failure Recordings::begin() {
  Undisturbed::mutex().lock();
  if (device::Failure failure = device::beginRecording()) {
    Undisturbed::mutex().unlock();
    return failure;
  }
  recording_ = true;
  return nullptr;
}

device::Failure Recordings::end(int id) {
  recording_ = false;
  device::Recording* made = nullptr;
  device::Failure failure = device::endRecording(&made);
  if (failure == nullptr) {
    recorded_[id] = made;
    statistics.recordings++;
    failure = device::replay(made);
  }
  Undisturbed::mutex().unlock();
  return failure;
}

device::Failure Recordings::replay(int id) {
  const Undisturbed undisturbed;
  statistics.replays++;
  return device::replay(recorded_.at(id));
}

void Recordings::release(int id) {
  const auto found = recorded_.find(id);
  if (found == recorded_.end()) return;
  device::synchronize();
  device::discard(found->second);
  recorded_.erase(found);
}

}  // namespace isoflop
