// Every operator of the library. A new one is a line here and one in kernel/onnx/ownOperators.ts.
#pragma once
#include "assignment.h"
#include "attention.h"
#include "convolution.h"
#include "crossEntropy.h"
#include "fused.h"
#include "gatherGradient.h"
#include "hashing.h"
#include "linearAttention.h"
#include "maxPool.h"
#include "philox.h"
#include "quantize.h"
#include "routing.h"
#include "sumOfSquares.h"
#include "transposedProduct.h"

#define ISOFLOP_OPERATORS(X) \
  X(Fused) \
  X(Attention) \
  X(AttentionGradient) \
  X(ImageConvolution) \
  X(ConvKernelGradient) \
  X(MaxPool) \
  X(MaxPoolGradient) \
  X(GatherGradient) \
  X(SumOfSquares) \
  X(SoftmaxCrossEntropy) \
  X(SoftmaxCrossEntropyGradient) \
  X(PhiloxBits) \
  X(PhiloxUniform) \
  X(PhiloxNormal) \
  X(BoxMuller) \
  X(NearestNormal) \
  X(BlockScales) \
  X(RoundScaled) \
  X(QuantizeBlocks) \
  X(Hadamard) \
  X(ExpertSlots) \
  X(MoeDispatch) \
  X(MoeCombine) \
  X(MoeProducts) \
  X(CrossPolytopeCode) \
  X(BucketIds) \
  X(LinearAttention) \
  X(OptimalAssignment) \
  X(TransposedProduct)
