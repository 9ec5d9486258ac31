//! Known bugs of locks and of what they protect, each a switch at the rule that it breaks.

use super::Method;
use crate::common::weakenings;

weakenings! {
    TokenReused: "lock-token-not-increased",
        "Kleppmann 2016: a token is a number that increases every time a client acquires the lock",
        "Who takes over a lease that has run out gets the token of the one before.";
    WallClockExpiry: "lock-expiry-by-wall-clock",
        "Kubernetes client-go, package leaderelection: clock skew; Burrows 2006 (Chubby), section 2.8",
        "A lease says until when it lasts by its holder's wall clock, and others compare that with their own.";
    TakeoverUnwatched: "lock-takeover-of-a-renewed-lease",
        "etcd#15247, etcd#12528, etcd#16822: an expiry that was decided long ago revokes a lease that was renewed since",
        "Who has waited for a lease to run out takes over whatever is there by then, renewed or not.";
    LeaseFromAnswer: "lock-lease-from-answer",
        "Gray and Cheriton 1989, section 3: the holder's term must end before the grantor's",
        "A holder counts its lease from when it heard of the grant, not from when it asked.";
    ReadUnfenced: "resource-read-without-token",
        "Kleppmann 2016: the storage takes an active role in checking tokens",
        "The resource checks tokens when it is written to, and takes no note of them when it is read.";
    FenceInMemory: "resource-fence-in-memory",
        "Kleppmann 2016, with a restart of the storage in between",
        "The resource forgets the greatest token it has seen when it restarts.";
    ElapsedIgnored: "redlock-elapsed-ignored",
        "Redis documentation, Distributed Locks with Redis, steps 3 and 4",
        "A Redlock client counts the lock's validity from when it has the majority, not from when it began to ask.";
    DeleteAny: "redlock-delete-without-compare",
        "Redis documentation, Distributed Locks with Redis: removing a lock that was created by another client",
        "A Redlock client gives the lock back by deleting the key, whoever's it is by now.";
}

impl Weakening {
    /// The way of locking that can have this bug. Redlock gives no tokens, so there is none that a resource could forget.
    pub fn method(self) -> Method {
        match self {
            Self::ElapsedIgnored | Self::DeleteAny => Method::Redlock,
            Self::TokenReused
            | Self::WallClockExpiry
            | Self::TakeoverUnwatched
            | Self::LeaseFromAnswer
            | Self::ReadUnfenced
            | Self::FenceInMemory => Method::Lease,
        }
    }
}
