//! Known bugs of ABD, each a switch at the rule that it breaks.

use crate::common::weakenings;

weakenings! {
    NoWriteBack: "abd-no-write-back",
        "DDIA Fig 9-6; Attiya, Bar-Noy and Dolev 1995, §3; scylla#29387",
        "A read answers what it found without making sure that a majority has it.";
    AsyncWriteBack: "abd-async-write-back",
        "scylla#28125 (a proposal)",
        "A read answers first and writes back afterwards.";
    WriterSkipsQuery: "abd-writer-skips-query",
        "Lynch and Shvartsman 1997",
        "A writer stamps by its own counter, without asking a majority what the newest stamp is.";
    NoTagTiebreak: "abd-no-tag-tiebreak",
        "cockroach#168541, super-productivity#9024, ai-memory#344",
        "Of two writes with one counter each node keeps the one it saw first.";
    StoreWithoutCompare: "abd-store-without-compare",
        "Attiya, Bar-Noy and Dolev 1995",
        "A replica stores whatever arrives last, however old it is.";
}
