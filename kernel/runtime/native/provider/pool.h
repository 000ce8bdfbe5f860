// Device memory kept for use again: asking the device for it is slow, and stops its work.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <unordered_map>

namespace isoflop {

// For whom memory is: buffers of tensors, or constants and intermediate values of programs.
enum class Owner { TENSORS, PROGRAMS };

class Pool {
 public:
  // The pool of tensors that programs leave on the device, and of sessions that do not replay recordings.
  static Pool& shared();

  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  // nullptr where the device has no more memory, even after all free blocks were returned to it.
  void* take(size_t bytes, Owner owner);
  void give(void* memory);
  // Returns free blocks to the device.
  void trim();

 private:
  struct Use {
    size_t bytes;
    Owner owner;
  };
  static void end(const Use& use);
  void trimLocked();

  std::mutex mutex_;
  std::multimap<size_t, void*> free_;  // by size
  std::unordered_map<void*, Use> inUse_;
};

}  // namespace isoflop
