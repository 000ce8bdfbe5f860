// The part of onnxruntime's C interface that execution providers use, declared by hand as in ../ops/ortAbi.h.
// test/runtime/device/provider.test.ts loads the provider into the installed library and runs all of it.
#pragma once
#include "../ops/ortAbi.h"

namespace isoflop {

// Opaque to us.
struct Env;
struct RunOptions;
struct MemoryInfo;
struct MemoryDevice;
struct KeyValuePairs;
struct EpDevice;
struct HardwareDevice;
struct Graph;
struct Node;
struct Logger;
struct SyncStream;
struct EpGraphSupportInfo;
struct KernelRegistry;
struct KernelDef;
struct KernelDefBuilder;
struct DataType;
struct Allocator;  // layout below

constexpr uint32_t PROVIDER_ABI_VERSION = 27;  // the oldest whose structs have all fields below

enum MoreElementTypes : int { FLOAT16 = 10, DOUBLE = 11, UINT32 = 12, UINT64 = 13, BFLOAT16 = 16 };
enum DeviceType : int { CPU_MEMORY = 0, GPU_MEMORY = 1 };  // of memory
enum HardwareType : int { CPU_HARDWARE = 0, GPU_HARDWARE = 1 };
enum AllocatorKind : int { DEVICE_ALLOCATOR = 0 };
enum MemoryKind : int { DEVICE_MEMORY = 0 };
enum PlaceOfOperand : int { ON_HOST_INPUT = -2, ON_HOST_OUTPUT = -1, ON_DEVICE = 0 };

#define ISOFLOP_PROVIDER_SLOTS(X)                                                                                       \
  X(94, ReleaseMemoryInfo, void, (MemoryInfo*))                                                                         \
  X(132, ReleaseAllocator, void, (Allocator*))                                                                          \
  X(163, KernelInfoGetAttributeArray_int64, Status*, (const KernelInfo*, const char*, int64_t*, size_t*))               \
  X(193, KernelContext_GetGPUComputeStream, Status*, (const KernelContext*, void**))                                    \
  X(194, GetTensorMemoryInfo, Status*, (const Value*, const MemoryInfo**))                                              \
  X(253, KernelContext_GetAllocator, Status*, (const KernelContext*, const MemoryInfo*, Allocator**))                   \
  X(238, GetSessionConfigEntry, Status*, (const SessionOptions*, const char*, char*, size_t*))                          \
  X(295, CreateKeyValuePairs, void, (KeyValuePairs**))                                                                  \
  X(296, AddKeyValuePair, void, (KeyValuePairs*, const char*, const char*))                                             \
  X(307, HardwareDevice_Type, HardwareType, (const HardwareDevice*))                                                    \
  X(317, GetEpApi, const void* const*, ())                                                                              \
  X(318, GetTensorSizeInBytes, Status*, (const Value*, size_t*))                                                        \
  X(320, CreateMemoryInfo_V2, Status*, (const char*, DeviceType, uint32_t vendor, int32_t device, MemoryKind,           \
                                        size_t alignment, AllocatorKind, MemoryInfo**))                                 \
  X(344, Graph_GetNumNodes, Status*, (const Graph*, size_t*))                                                           \
  X(345, Graph_GetNodes, Status*, (const Graph*, const Node**, size_t))                                                 \
  X(373, GetRunConfigEntry, const char*, (const RunOptions*, const char*))                                              \
  X(378, GetTensorData, Status*, (const Value*, const void**))                                                          \
  X(414, GetTensorElementTypeAndShapeDataReference, Status*, (const Value*, ElementType*, const int64_t**, size_t*))

struct ProviderApi {
  explicit ProviderApi(const void* const* table)
#define X(slot, name, result, arguments) name(reinterpret_cast<result(*) arguments>(const_cast<void*>(table[slot]))),
      : ISOFLOP_PROVIDER_SLOTS(X) table(table) {
  }
#undef X
#define X(slot, name, result, arguments) result(*name) arguments;
  ISOFLOP_PROVIDER_SLOTS(X)
#undef X
  const void* const* table;
};

struct EpFactory;
struct KernelImpl;
using CreateKernel = Status* (*)(void* state, const KernelInfo*, KernelImpl**);

// The table that GetEpApi returns.
#define ISOFLOP_EP_SLOTS(X)                                                                                             \
  X(0, CreateEpDevice, Status*, (EpFactory*, const HardwareDevice*, const KeyValuePairs* metadata, const KeyValuePairs* options, EpDevice**)) \
  X(3, EpGraphSupportInfo_AddSingleNode, Status*, (EpGraphSupportInfo*, const Node*))                                   \
  X(5, EpDevice_AddAllocatorInfo, Status*, (EpDevice*, const MemoryInfo*))                                              \
  X(6, MemoryInfo_GetMemoryDevice, const MemoryDevice*, (const MemoryInfo*))                                            \
  X(7, Value_GetMemoryDevice, const MemoryDevice*, (const Value*))                                                      \
  X(9, MemoryDevice_GetDeviceType, DeviceType, (const MemoryDevice*))                                                   \
  X(11, MemoryDevice_GetVendorId, uint32_t, (const MemoryDevice*))                                                      \
  X(18, CreateKernelRegistry, Status*, (KernelRegistry**))                                                              \
  X(19, ReleaseKernelRegistry, void, (KernelRegistry*))                                                                 \
  X(20, KernelRegistry_AddKernel, Status*, (KernelRegistry*, const KernelDef*, CreateKernel, void* state))              \
  X(21, CreateKernelDefBuilder, Status*, (KernelDefBuilder**))                                                          \
  X(22, ReleaseKernelDefBuilder, void, (KernelDefBuilder*))                                                             \
  X(23, KernelDefBuilder_SetOperatorType, Status*, (KernelDefBuilder*, const char*))                                    \
  X(24, KernelDefBuilder_SetDomain, Status*, (KernelDefBuilder*, const char*))                                          \
  X(25, KernelDefBuilder_SetSinceVersion, Status*, (KernelDefBuilder*, int first, int last))                            \
  X(26, KernelDefBuilder_SetExecutionProvider, Status*, (KernelDefBuilder*, const char*))                               \
  X(27, KernelDefBuilder_SetInputMemType, Status*, (KernelDefBuilder*, size_t, PlaceOfOperand))                         \
  X(28, KernelDefBuilder_SetOutputMemType, Status*, (KernelDefBuilder*, size_t, PlaceOfOperand))                        \
  X(29, KernelDefBuilder_AddTypeConstraint, Status*, (KernelDefBuilder*, const char*, const DataType* const*, size_t))  \
  X(30, KernelDefBuilder_AddInputOutputAliases, Status*, (KernelDefBuilder*, const int*, const int*, size_t))           \
  X(31, KernelDefBuilder_AddInputOutputMutableAliases, Status*, (KernelDefBuilder*, const int*, const int*, size_t))    \
  X(32, KernelDefBuilder_Build, Status*, (KernelDefBuilder*, KernelDef**))                                              \
  X(33, ReleaseKernelDef, void, (KernelDef*))                                                                           \
  X(40, GetTensorDataType, Status*, (ElementType, const DataType**))                                                    \
  X(41, EpGraphSupportInfo_LookUpKernel, Status*, (EpGraphSupportInfo*, const Node*, const KernelDef**))                \
  X(46, CreateLoopKernel, Status*, (const KernelInfo*, struct LoopHelper*, KernelImpl**))

struct EpApi {
  explicit EpApi(const void* const* table)
#define X(slot, name, result, arguments) name(reinterpret_cast<result(*) arguments>(const_cast<void*>(table[slot]))),
      : ISOFLOP_EP_SLOTS(X) table(table) {
  }
#undef X
#define X(slot, name, result, arguments) result(*name) arguments;
  ISOFLOP_EP_SLOTS(X)
#undef X
  const void* const* table;
};

// Structs that we fill and onnxruntime calls into, up to the fields that `version` has. Fields that we leave empty are
// untyped pointers.
struct Allocator {
  uint32_t version;
  void* (*Alloc)(Allocator*, size_t);
  void (*Free)(Allocator*, void*);
  const MemoryInfo* (*Info)(const Allocator*);
  void* (*Reserve)(Allocator*, size_t);
  Status* (*GetStats)(const Allocator*, KeyValuePairs**);
  void* (*AllocOnStream)(Allocator*, size_t, SyncStream*);
  Status* (*Shrink)(Allocator*);
};
static_assert(sizeof(Allocator) == 64, "OrtAllocator of version 27");

struct DataTransfer {
  uint32_t version;
  void (*Release)(DataTransfer*);
  bool (*CanCopy)(const DataTransfer*, const MemoryDevice* from, const MemoryDevice* to);
  Status* (*CopyTensors)(DataTransfer*, const Value** from, Value** to, SyncStream** streams, size_t count);
};

struct SyncNotification {
  uint32_t version;
  void (*Release)(SyncNotification*);
  Status* (*Activate)(SyncNotification*);
  Status* (*WaitOnDevice)(SyncNotification*, SyncStream*);
  Status* (*WaitOnHost)(SyncNotification*);
};

struct SyncStreamImpl {
  uint32_t version;
  void (*Release)(SyncStreamImpl*);
  void* (*GetHandle)(SyncStreamImpl*);
  Status* (*CreateNotification)(SyncStreamImpl*, SyncNotification**);
  Status* (*Flush)(SyncStreamImpl*);
  Status* (*OnSessionRunEnd)(SyncStreamImpl*);
};

struct KernelImpl {
  uint32_t version;
  uint32_t flags;
  Status* (*Compute)(KernelImpl*, KernelContext*);
  void (*Release)(KernelImpl*);
  void* PrePackWeight;
  void* SetSharedPrePackedWeight;
};
static_assert(sizeof(KernelImpl) == 40, "OrtKernelImpl of version 27");

// What onnxruntime's own loop leaves to a provider. It is released with the kernel.
struct LoopHelper {
  uint32_t version;
  void (*Release)(LoopHelper*);
  Status* (*ConcatOutput)(LoopHelper*, void* stream, const Value* const* parts, size_t count, void* out, size_t bytes);
};

struct Ep {
  uint32_t version;
  const char* (*GetName)(const Ep*);
  Status* (*GetCapability)(Ep*, const Graph*, EpGraphSupportInfo*);
  void* Compile;
  void* ReleaseNodeComputeInfos;
  void* GetPreferredDataLayout;
  void* ShouldConvertDataLayoutForOp;
  void* SetDynamicOptions;
  Status* (*OnRunStart)(Ep*, const RunOptions*);
  Status* (*OnRunEnd)(Ep*, const RunOptions*, bool synchronize);
  Status* (*CreateAllocator)(Ep*, const MemoryInfo*, Allocator**);
  Status* (*CreateSyncStreamForDevice)(Ep*, const MemoryDevice*, SyncStreamImpl**);
  void* GetCompiledModelCompatibilityInfo;
  Status* (*GetKernelRegistry)(Ep*, const KernelRegistry**);
  Status* (*IsConcurrentRunSupported)(Ep*, bool*);
  Status* (*Sync)(Ep*);
  void* CreateProfiler;
  bool (*IsGraphCaptureEnabled)(const Ep*);
  bool (*IsGraphCaptured)(const Ep*, int id);
  Status* (*ReplayGraph)(Ep*, int id);
  int (*GetGraphCaptureNodeAssignmentPolicy)(const Ep*);
  void* GetAvailableResource;
  void* OnSessionInitializationEnd;
  Status* (*GetDefaultMemoryDevice)(const Ep*, const MemoryDevice**);
  Status* (*ReleaseCapturedGraph)(Ep*, int id);
};
static_assert(sizeof(Ep) == 200, "OrtEp of version 27");

struct EpFactory {
  uint32_t version;
  const char* (*GetName)(const EpFactory*);
  const char* (*GetVendor)(const EpFactory*);
  Status* (*GetSupportedDevices)(EpFactory*, const HardwareDevice* const*, size_t, EpDevice**, size_t most, size_t* found);
  Status* (*CreateEp)(EpFactory*, const HardwareDevice* const*, const KeyValuePairs* const*, size_t, const SessionOptions*, const Logger*, Ep**);
  void (*ReleaseEp)(EpFactory*, Ep*);
  uint32_t (*GetVendorId)(const EpFactory*);
  const char* (*GetVersion)(const EpFactory*);
  void* ValidateCompiledModelCompatibilityInfo;
  Status* (*CreateAllocator)(EpFactory*, const MemoryInfo*, const KeyValuePairs*, Allocator**);
  void (*ReleaseAllocator)(EpFactory*, Allocator*);
  Status* (*CreateDataTransfer)(EpFactory*, DataTransfer**);
  bool (*IsStreamAware)(const EpFactory*);
  Status* (*CreateSyncStreamForDevice)(EpFactory*, const MemoryDevice*, const KeyValuePairs*, SyncStreamImpl**);
  void* GetHardwareDeviceIncompatibilityDetails;
  void* CreateExternalResourceImporterForDevice;
  Status* (*GetNumCustomOpDomains)(EpFactory*, size_t*);
  Status* (*GetCustomOpDomains)(EpFactory*, CustomOpDomain**, size_t);
  void* InitGraphicsInterop;
  void* DeinitGraphicsInterop;
};
static_assert(sizeof(EpFactory) == 160, "OrtEpFactory of version 27");

}  // namespace isoflop
