#pragma once
// Deliberate faults, one a build, each a few lines where the rule it breaks is kept: `make
// chaos-mutants` shows that the chaos run finds every one of them (docs/chaos.md). PP_MUTANT is
// given to the sources that name that fault, and no Release build takes it (cmake/flags.cmake).
//
// Use in a .cc file alone: `if constexpr (kMutant == Mutant::kM1) ...`

namespace pennypost {

enum class Mutant {
  kNone,
  kM1,   // 250 before COMMIT
  kM2,   // synchronous_commit=off is taken (and set, by the run)
  kM3,   // leases that ran out are not given back
  kM4,   // a repeated delivery is not recognized
  kM5,   // UIDs are taken before the transaction that shows them, as from a SEQUENCE
  kM6,   // a worker does not ask whether its lease still holds
  kM7,   // a directory that does not answer means: no such user
  kM8,   // one body in some hundred has a byte flipped
  kM9,   // content goes with its first reference
  kM10,  // the hint of new mail comes before COMMIT, and is all that workers go by
};

#ifdef PP_MUTANT
constexpr Mutant kMutant = Mutant::PP_MUTANT;
#else
constexpr Mutant kMutant = Mutant::kNone;
#endif

}  // namespace pennypost
