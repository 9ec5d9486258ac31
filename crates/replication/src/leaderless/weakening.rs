//! Known bugs of last-writer-wins registers, each a switch at the rule that it breaks.

use crate::common::weakenings;

weakenings! {
    LamportNotMergedOnReceive: "lamport-not-merged-on-receive",
        "Lamport 1978, rule IR2",
        "A node's clock does not move past the stamps it receives, so its next write may be stamped as old.";
    NoTagTiebreak: "abd-no-tag-tiebreak",
        "cockroach#168541, super-productivity#9024, ai-memory#344",
        "Of two writes with one counter each node keeps the one it saw first.";
    StoreWithoutCompare: "abd-store-without-compare",
        "Attiya, Bar-Noy and Dolev 1995",
        "A replica stores whatever arrives last, however old it is.";
}
