#include "rans_lanes_avx2.h"
#include "rans_loops.h"

namespace spf {
namespace {

using Steps = VectorSteps<Vectors<1>, Vectors<2>, Vectors<4>>;

}  // namespace

void rans_steps_avx2(const DecodeModel* models, RansRun& run) { Steps::steps(models, run); }

void rans_pair_avx2(const DecodeModel* models, RansRun& first, RansRun& second) { Steps::pair(models, first, second); }

}  // namespace spf
