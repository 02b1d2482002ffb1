/** Properties draw the same examples in every run, so that a mutant's fate is not luck; failures are not shrunk. */
import fc from "fast-check";

fc.configureGlobal({ seed: 20_261_124, endOnFailure: true });
