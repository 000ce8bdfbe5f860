// The system's C++ compiler in place of a GPU's, so that what is generated for a GPU runs in tests. ISOFLOP_FUSED=compiled asks for it.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "../ops/call.h"
#include "runtimeCompiler.h"
#include "simulatedStream.h"

extern char** environ;

namespace isoflop::device {
namespace {

namespace files = std::filesystem;

// A folder that goes when it is no longer needed.
struct Folder {
  Folder() {
    std::string name = (files::temp_directory_path() / "isoflop-kernel-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw OpError("no folder for temporary files: " + name);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    files::remove_all(path, ignored);
  }
  files::path path;
};

std::string read(const files::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string compiler() {
  const char* wish = std::getenv("CXX");
  return wish == nullptr ? "g++" : wish;
}

}  // namespace

using Function = void (*)(const void* addresses);
struct CompiledKernel {
  Function function;
};

const FusedTarget TARGET = FusedTarget::HOST;
std::string compilerProblem() { return fusedWish(INTERPRETED) == COMPILED ? "" : "ISOFLOP_FUSED is not compiled"; }
std::string compilerIdentity() { return "host " + compiler(); }

std::string compileSource(const std::string& source) {
  const Folder folder;
  const std::string from = folder.path / "kernel.cc", to = folder.path / "kernel.so", said = folder.path / "said", command = compiler();
  std::ofstream(from) << source;
  // As written: no product and sum in one rounding.
  const char* arguments[] = {command.c_str(), "-std=c++17", "-O1", "-ffp-contract=off", "-fPIC", "-shared", "-w", "-o", to.c_str(), from.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, said.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t child;
  int state = 0;
  const int failure = posix_spawnp(&child, command.c_str(), &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw OpError(command + " does not start: " + std::strerror(failure));
  // Where the process reaps its children itself, only the file tells.
  waitpid(child, &state, 0);
  const std::string binary = read(to);
  if (state != 0 || binary.empty()) throw OpError(command + " does not compile a fused program: " + read(said));
  return binary;
}

CompiledKernel* loadBinary(const std::string& binary) {
  const Folder folder;
  const std::string path = folder.path / "kernel.so";
  std::ofstream(path, std::ios::binary) << binary;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* function = library == nullptr ? nullptr : dlsym(library, FUSED_KERNEL);
  if (function == nullptr) throw OpError(std::string("a compiled kernel does not load: ") + dlerror());
  return new CompiledKernel{reinterpret_cast<Function>(function)};
}

Failure launch(CompiledKernel* kernel, size_t, const void* argument, size_t bytes, void* stream) {
  const std::shared_ptr<char> copy(static_cast<char*>(std::malloc(bytes)), std::free);
  std::memcpy(copy.get(), argument, bytes);
  simulated::submit(stream, [kernel, copy] { kernel->function(copy.get()); });
  return nullptr;
}

}  // namespace isoflop::device
