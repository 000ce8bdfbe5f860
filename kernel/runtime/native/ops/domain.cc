#include "domain.h"

namespace isoflop {
namespace {

// x -> Identity -> y over one float32, as ONNX's protobuf: the smallest model there is.
constexpr char SMALLEST_MODEL[] =
    "\x08\x08"                                              // version of the format
    "\x3a\x37"                                              // graph
    "\x0a\x10\x0a\x01x\x12\x01y\x22\x08Identity"            // node
    "\x12\x01g"                                             // name
    "\x5a\x0f\x0a\x01x\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01"  // input
    "\x62\x0f\x0a\x01y\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x01"  // output
    "\x42\x02\x10\x11";                                     // operator set 17

// Frees what onnxruntime made, at the end of a block.
template <class T>
struct Owned {
  explicit Owned(void (*release)(T*)) : release(release) {}
  ~Owned() {
    if (made != nullptr) release(made);
  }
  T* made = nullptr;
  void (*release)(T*);
};

// Loads a program with the domain. Loading makes a new domain known in the process, by a look and an entry that nothing holds together:
// of two first loads at the same moment one fails. After this load no other one has anything to enter.
void makeKnown(CustomOpDomain* domain) {
  Owned<Env> env(api->ReleaseEnv);
  Owned<SessionOptions> options(api->ReleaseSessionOptions);
  Owned<Session> session(api->ReleaseSession);
  check(api->CreateEnv(FATAL, "isoflop", &env.made));  // the process's own, where there is one
  check(api->CreateSessionOptions(&options.made));
  check(api->SetSessionLogSeverityLevel(options.made, FATAL));
  check(api->SetIntraOpNumThreads(options.made, 1));
  check(api->AddCustomOpDomain(options.made, domain));
  check(api->CreateSessionFromArray(env.made, SMALLEST_MODEL, sizeof SMALLEST_MODEL - 1, options.made, &session.made));
}

}  // namespace

Status* Domain::add(SessionOptions* options, const ApiBase* base, const std::vector<const CustomOp*>& operators) {
  const std::lock_guard<std::mutex> lock(mutex_);
  try {
    if (made_ == nullptr) {
      static const void* const* table = base->GetApi(ABI_VERSION);
      if (table == nullptr) return nullptr;  // older than all that we know: the operators stay unknown to it
      static const Api slots(table);
      api = &slots;
      CustomOpDomain* made;
      check(slots.CreateCustomOpDomain("isoflop", &made));
      for (const CustomOp* op : operators) check(slots.CustomOpDomain_Add(made, op));
      makeKnown(made);
      made_ = made;
    }
    return api->AddCustomOpDomain(options, made_);
  } catch (const StatusError& error) {
    return error.status;
  }
}

}  // namespace isoflop
