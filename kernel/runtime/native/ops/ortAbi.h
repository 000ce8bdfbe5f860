// The part of onnxruntime's C interface that the operators use, declared by hand.
//
// onnxruntime gives a table of function pointers whose order never changes: later versions only append. So a slot and a
// signature are all that is needed to call a function. test/runtime/ops.test.ts runs every operator against the library.
#pragma once
#include <cstddef>
#include <cstdint>

namespace isoflop {

// Opaque to us.
struct Status;
struct Value;
struct TypeAndShape;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct IoBinding;
struct CustomOpDomain;
struct KernelInfo;
struct KernelContext;

enum ErrorCode : int { FAIL = 1, INVALID_ARGUMENT = 2 };
enum ElementType : int { UNDEFINED = 0, FLOAT = 1, UINT8 = 2, INT8 = 3, INT32 = 6, INT64 = 7, BOOL = 9 };
enum LogLevel : int { FATAL = 4 };
enum Arity : int { REQUIRED = 0, OPTIONAL = 1, VARIADIC = 2 };

constexpr uint32_t ABI_VERSION = 23;  // the oldest whose table has all slots below

using ParallelBody = void (*)(void* user, size_t index);

#define ISOFLOP_ORT_SLOTS(X)                                                                                    \
  X(0, CreateStatus, Status*, (ErrorCode, const char*))                                                         \
  X(3, CreateEnv, Status*, (LogLevel, const char*, Env**))                                                      \
  X(8, CreateSessionFromArray, Status*, (const Env*, const void*, size_t, const SessionOptions*, Session**))    \
  X(10, CreateSessionOptions, Status*, (SessionOptions**))                                                      \
  X(22, SetSessionLogSeverityLevel, Status*, (SessionOptions*, int))                                            \
  X(24, SetIntraOpNumThreads, Status*, (SessionOptions*, int))                                                  \
  X(26, CreateCustomOpDomain, Status*, (const char*, CustomOpDomain**))                                         \
  X(27, CustomOpDomain_Add, Status*, (CustomOpDomain*, const struct CustomOp*))                                 \
  X(28, AddCustomOpDomain, Status*, (SessionOptions*, CustomOpDomain*))                                         \
  X(51, GetTensorMutableData, Status*, (Value*, void**))                                                        \
  X(60, GetTensorElementType, Status*, (const TypeAndShape*, ElementType*))                                     \
  X(61, GetDimensionsCount, Status*, (const TypeAndShape*, size_t*))                                            \
  X(62, GetDimensions, Status*, (const TypeAndShape*, int64_t*, size_t))                                        \
  X(65, GetTensorTypeAndShape, Status*, (const Value*, TypeAndShape**))                                         \
  X(85, KernelInfoGetAttribute_float, Status*, (const KernelInfo*, const char*, float*))                        \
  X(86, KernelInfoGetAttribute_int64, Status*, (const KernelInfo*, const char*, int64_t*))                      \
  X(87, KernelInfoGetAttribute_string, Status*, (const KernelInfo*, const char*, char*, size_t*))               \
  X(88, KernelContext_GetInputCount, Status*, (const KernelContext*, size_t*))                                  \
  X(89, KernelContext_GetOutputCount, Status*, (const KernelContext*, size_t*))                                 \
  X(90, KernelContext_GetInput, Status*, (const KernelContext*, size_t, const Value**))                         \
  X(91, KernelContext_GetOutput, Status*, (KernelContext*, size_t, const int64_t*, size_t, Value**))            \
  X(92, ReleaseEnv, void, (Env*))                                                                               \
  X(93, ReleaseStatus, void, (Status*))                                                                         \
  X(95, ReleaseSession, void, (Session*))                                                                       \
  X(99, ReleaseTensorTypeAndShapeInfo, void, (TypeAndShape*))                                                   \
  X(100, ReleaseSessionOptions, void, (SessionOptions*))                                                        \
  X(133, RunWithBinding, Status*, (Session*, const RunOptions*, const IoBinding*))                              \
  X(274, KernelContext_ParallelFor, Status*, (const KernelContext*, ParallelBody, size_t, size_t, void*))

// The slots used, looked up once.
struct Api {
  explicit Api(const void* const* table)
#define X(slot, name, result, arguments) name(reinterpret_cast<result(*) arguments>(const_cast<void*>(table[slot]))),
      : ISOFLOP_ORT_SLOTS(X) table(table) {
  }
#undef X
#define X(slot, name, result, arguments) result(*name) arguments;
  ISOFLOP_ORT_SLOTS(X)
#undef X
  const void* const* table;
};

// What OrtGetApiBase() returns.
struct ApiBase {
  const void* const* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

// OrtCustomOp: filled by us, read by onnxruntime up to the fields that `version` has.
struct CustomOp {
  uint32_t version;
  void* (*CreateKernel)(const CustomOp*, const void* api, const KernelInfo*);
  const char* (*GetName)(const CustomOp*);
  const char* (*GetExecutionProviderType)(const CustomOp*);  // nullptr: the processor's
  ElementType (*GetInputType)(const CustomOp*, size_t);
  size_t (*GetInputTypeCount)(const CustomOp*);
  ElementType (*GetOutputType)(const CustomOp*, size_t);
  size_t (*GetOutputTypeCount)(const CustomOp*);
  void (*KernelCompute)(void* kernel, KernelContext*);
  void (*KernelDestroy)(void* kernel);
  Arity (*GetInputCharacteristic)(const CustomOp*, size_t);
  Arity (*GetOutputCharacteristic)(const CustomOp*, size_t);
  int (*GetInputMemoryType)(const CustomOp*, size_t);
  int (*GetVariadicInputMinArity)(const CustomOp*);
  int (*GetVariadicInputHomogeneity)(const CustomOp*);
  int (*GetVariadicOutputMinArity)(const CustomOp*);
  int (*GetVariadicOutputHomogeneity)(const CustomOp*);
  Status* (*CreateKernelV2)(const CustomOp*, const void* api, const KernelInfo*, void** kernel);
  Status* (*KernelComputeV2)(void* kernel, KernelContext*);
  Status* (*InferOutputShape)(const CustomOp*, void*);
  int (*GetStartVersion)(const CustomOp*);
  int (*GetEndVersion)(const CustomOp*);
  size_t (*GetMayInplace)(int**, int**);
  void (*ReleaseMayInplace)(int*, int*);
  size_t (*GetAliasMap)(int**, int**);
  void (*ReleaseAliasMap)(int*, int*);
};
static_assert(sizeof(CustomOp) == 26 * sizeof(void*), "OrtCustomOp is a version and 25 function pointers");

}  // namespace isoflop
