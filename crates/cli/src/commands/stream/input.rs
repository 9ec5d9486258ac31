//! Standard input, piece by piece, with its silences.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

/// How long is waited for more at a time.
pub(super) const STEP: Duration = Duration::from_millis(100);

/// What came of waiting.
pub(super) enum Arrival {
    Piece(io::Result<Vec<u8>>),
    /// All that was written has been read. Told once, before the wait for more.
    Drained,
    /// Nothing came for so long.
    Silence(Duration),
    End,
}

/// Standard input, read by a thread of its own.
pub(super) struct Input {
    pieces: Receiver<io::Result<Vec<u8>>>,
    silence: Duration,
    is_drained: bool,
}

impl Input {
    /// Starts to read. The channel is short, so that a fast writer waits for the judge.
    pub(super) fn start() -> Self {
        let (sender, pieces) = sync_channel(4);
        std::thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let mut piece = vec![0; 1 << 16];
                let read = match input.read(&mut piece) {
                    Ok(0) => return,
                    Ok(length) => {
                        piece.truncate(length);
                        Ok(piece)
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if sender.send(read).is_err() || failed {
                    return;
                }
            }
        });
        Self { pieces, silence: Duration::ZERO, is_drained: false }
    }

    /// Waits for what comes next, a while at most.
    pub(super) fn next(&mut self) -> Arrival {
        match self.pieces.try_recv() {
            Ok(piece) => return self.piece(piece),
            Err(TryRecvError::Disconnected) => return Arrival::End,
            Err(TryRecvError::Empty) if !self.is_drained => {
                self.is_drained = true;
                return Arrival::Drained;
            }
            Err(TryRecvError::Empty) => {}
        }
        match self.pieces.recv_timeout(STEP) {
            Ok(piece) => self.piece(piece),
            Err(RecvTimeoutError::Disconnected) => Arrival::End,
            Err(RecvTimeoutError::Timeout) => {
                self.silence += STEP;
                Arrival::Silence(self.silence)
            }
        }
    }

    fn piece(&mut self, piece: io::Result<Vec<u8>>) -> Arrival {
        self.silence = Duration::ZERO;
        self.is_drained = false;
        Arrival::Piece(piece)
    }
}
