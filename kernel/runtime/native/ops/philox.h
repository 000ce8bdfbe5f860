// Counter-based random numbers: the streams of kernel/random/philox.ts, bit for bit.
#pragma once
#include "customOp.h"

namespace isoflop {

// The two words of a key operand: int64 [2].
struct Key {
  explicit Key(const Operand& operand);
  uint32_t words[2];
};

// words[i] is element first + i of the stream.
void streamWords(uint32_t* words, uint64_t first, size_t count, const Key& key);

// (key [2]) -> elements 0, 1, ... of its stream, int64 [count].
class PhiloxBits {
 public:
  static constexpr const char* NAME = "PhiloxBits";
  static constexpr Port INPUTS[] = {{INT64}};
  static constexpr Port OUTPUTS[] = {{INT64}};
  explicit PhiloxBits(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  int64_t count_;
};

// (key [2]) -> the upper `bits` bits of each element as a number in [0, 1), float32 [count]; with `half`, half a step higher.
class PhiloxUniform {
 public:
  static constexpr const char* NAME = "PhiloxUniform";
  static constexpr Port INPUTS[] = {{INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit PhiloxUniform(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  int64_t count_, bits_;
  bool half_;
};

// (key [2]) -> standard normal numbers, float32 [count], by Box-Muller: elements 2 j and 2 j + 1 from the same pair of words.
class PhiloxNormal {
 public:
  static constexpr const char* NAME = "PhiloxNormal";
  static constexpr Port INPUTS[] = {{INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit PhiloxNormal(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  int64_t count_;
};

// (pairs of words [N, 2]) -> the standard normal numbers that PhiloxNormal makes of them, float32 [2 N].
class BoxMuller {
 public:
  static constexpr const char* NAME = "BoxMuller";
  static constexpr Port INPUTS[] = {{INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit BoxMuller(const Attributes&) {}
  void compute(const Call& call) const;
};

constexpr int64_t MAX_CANDIDATES = 1 << 16;

// (x [B, D], key [2]) -> for each row the nearest of `candidates` normal draws, [B, D]. No candidate but the best is kept.
class NearestNormal {
 public:
  static constexpr const char* NAME = "NearestNormal";
  static constexpr Port INPUTS[] = {{FLOAT}, {INT64}};
  static constexpr Port OUTPUTS[] = {{FLOAT}};
  explicit NearestNormal(const Attributes& attributes);
  void compute(const Call& call) const;

 private:
  int64_t candidates_;
};

}  // namespace isoflop
