// Libraries of NVIDIA's that are opened at run time, so that ours loads where they are not.
#pragma once
#include <dlfcn.h>

#include <initializer_list>
#include <string>

namespace isoflop::device {

// Functions of a library, by the names that `functions` has for it. What is missing is said by `problem`; then none is to be called.
class OpenLibrary {
 public:
  // The first of `names` that loads.
  explicit OpenLibrary(std::initializer_list<const char*> names) {
    std::string all;
    for (const char* name : names) {
      if (handle_ == nullptr) handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      all += (all.empty() ? "" : " nor ") + std::string(name);
    }
    if (handle_ == nullptr) problem = (names.size() > 1 ? "neither " : "") + all + (names.size() > 1 ? " loads" : " does not load");
  }

  template <class Function>
  void find(Function* function, const char* name) {
    if (handle_ == nullptr) return;
    *function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (*function == nullptr && problem.empty()) problem = std::string("the library found has no function ") + name;
  }

  std::string problem;

 private:
  void* handle_ = nullptr;
};

}  // namespace isoflop::device
