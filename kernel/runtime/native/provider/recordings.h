// Runs recorded and replayed: the steady steps of a session, each under a number of its own.
#pragma once
#include <map>
#include <mutex>

#include "device.h"

namespace isoflop {

// While a run is recorded nothing else may be put into the device's stream: whoever wants to holds one of these.
class Undisturbed {
 public:
  Undisturbed() : lock_(mutex()) {}
  static std::recursive_mutex& mutex();

 private:
  std::lock_guard<std::recursive_mutex> lock_;
};

class Recordings {
 public:
  Recordings() = default;
  Recordings(const Recordings&) = delete;
  Recordings& operator=(const Recordings&) = delete;
  ~Recordings();

  bool has(int id) const { return recorded_.count(id) > 0; }
  device::Failure begin();
  // Ends the recording and, where the run went well, does its work once: recording alone does nothing.
  device::Failure end(int id);
  device::Failure replay(int id);
  void release(int id);
  bool recording() const { return recording_; }

 private:
  std::map<int, device::Recording*> recorded_;
  bool recording_ = false;
};

}  // namespace isoflop
