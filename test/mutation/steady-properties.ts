/**
 * Properties draw the same examples in every run, so that a mutant's fate is not luck; failures are not
 * shrunk. Those over whole files, which run again for each of a thousand mutants, draw no more than
 * `numRuns` (`propertyRuns` of core).
 */
import fc from "fast-check";

fc.configureGlobal({ seed: 20_261_124, endOnFailure: true, numRuns: 100 });
