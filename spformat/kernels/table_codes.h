// The codes of a table of kind 0 (spec/format.md, section 7.3): which weights the symbols get.
#pragma once

namespace spf {

// Changes the codes, one for each of the first `count` symbols, to those for which the symbols, each counts[s] times,
// and the table take the fewest bits together, about. A symbol that does not occur may get a code, too: to come back to
// it costs less than to leave it out.
void cheapen_codes(const double* counts, unsigned count, unsigned* codes);

// Bits of a code after another, with Rice parameter `rice`.
unsigned step_bits(unsigned before, unsigned code, unsigned rice);

}  // namespace spf
