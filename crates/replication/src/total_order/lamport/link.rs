//! One direction of a link made FIFO: numbers on the way, a hold-back queue at the end (Lamport 1978, p. 561, assumes
//! as much of the network: "for any two processes, the messages sent from Pi to Pj are received in the same order as they
//! are sent", and "every message is eventually received").

use std::collections::BTreeMap;

use super::messages::Stamped;

/// What a node knows of another one.
#[derive(Debug)]
pub(super) struct Peer<P> {
    /// How many of its requests were taken, in order and without a gap.
    received: u64,
    /// Requests that came early. Invariant: each number is above `received`.
    held_back: BTreeMap<u64, Stamped<P>>,
    /// Whatever it requests later has a greater counter.
    heard: u64,
    /// Promises that came before the requests that they follow: how many requests, and the clock.
    promised: BTreeMap<u64, u64>,
    /// How many of this node's requests it has on its disk; `None` until it has said so.
    pub(super) acknowledged: Option<u64>,
}

impl<P> Peer<P> {
    /// Of a peer from whom nothing has come yet.
    pub(super) fn new() -> Self {
        Self {
            received: 0,
            held_back: BTreeMap::new(),
            heard: 0,
            promised: BTreeMap::new(),
            acknowledged: None,
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Takes requests in; returns those whose turn it is, with their numbers. With `fifo` off (a weakening) each is
    /// taken the moment it comes.
    pub(super) fn take(
        &mut self,
        first: u64,
        requests: Vec<Stamped<P>>,
        fifo: bool,
    ) -> Vec<(u64, Stamped<P>)> {
        let mut ready = Vec::new();
        for (number, request) in (first..).zip(requests) {
            if number > self.received {
                self.held_back.entry(number).or_insert(request);
            }
        }
        while let Some(request) = self.held_back.remove(&(self.received + 1)) {
            self.took(self.received + 1, request.counter);
            ready.push((self.received, request));
        }
        if !fifo {
            while let Some((number, request)) = self.held_back.pop_first() {
                self.took(number, request.counter);
                ready.push((number, request));
            }
        }
        ready
    }

    /// A request has been taken, now or before a restart.
    pub(super) fn took(&mut self, number: u64, counter: u64) {
        self.received = self.received.max(number);
        // The request is itself a sign that nothing later from there is stamped earlier.
        self.heard = self.heard.max(counter);
        while let Some(promise) =
            self.promised.first_entry().filter(|promise| *promise.key() <= self.received)
        {
            self.heard = self.heard.max(promise.remove());
        }
    }

    /// A promise: whatever comes behind the first `sent` requests is stamped later than `clock`.
    pub(super) fn promise(&mut self, sent: u64, clock: u64, fifo: bool) {
        if sent <= self.received || !fifo {
            self.heard = self.heard.max(clock);
        } else {
            let known = self.promised.entry(sent).or_default();
            *known = clock.max(*known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(counter: u64) -> Stamped<()> {
        Stamped { counter, payload: () }
    }

    fn numbers(taken: Vec<(u64, Stamped<()>)>) -> Vec<u64> {
        taken.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn requests_are_taken_in_the_order_sent_and_once() {
        let mut peer = Peer::new();
        assert_eq!(numbers(peer.take(2, vec![stamped(5)], true)), Vec::<u64>::new());
        assert_eq!(numbers(peer.take(1, vec![stamped(4)], true)), [1, 2]);
        assert_eq!(numbers(peer.take(1, vec![stamped(4), stamped(5), stamped(8)], true)), [3]);
        assert_eq!((peer.received(), peer.heard()), (3, 8));
    }

    /// n1 acknowledges with clock 9 what it heard after its own second request. If the request is late, the promise alone
    /// must not let anything stamped up to 9 pass.
    #[test]
    fn a_promise_waits_for_the_requests_before_it() {
        let mut peer = Peer::new();
        peer.take(1, vec![stamped(1)], true);
        peer.promise(2, 9, true);
        assert_eq!(peer.heard(), 1);
        peer.take(2, vec![stamped(7)], true);
        assert_eq!(peer.heard(), 9);
        let mut weakened = Peer::<()>::new();
        weakened.promise(2, 9, false);
        assert_eq!(weakened.heard(), 9);
    }

    #[test]
    fn an_old_promise_takes_nothing_back() {
        let mut peer = Peer::<()>::new();
        peer.promise(0, 9, true);
        peer.promise(0, 3, true);
        assert_eq!(peer.heard(), 9);
    }
}
