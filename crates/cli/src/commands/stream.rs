//! `anachron check -`: judges a stream while it grows.
//!
//! What the stream promises decides what can be certain before it ends:
//! - *calls told as they happen* (`"event":"call"`, `"event":"return"`; see `history`'s JSON Lines): lines come in the
//!   order of their times. Then all that is open is known, and a violation is told as soon as no answer of the open
//!   operations could explain it;
//! - *whole operations*: an operation is told at most `--lag` lines after the first that was called later. With a lag of
//!   0 the lines come in the order of the calls. So once that many lines have come after one, whatever is not yet told
//!   was called no earlier than it, and what returned before that call is settled. Silence settles nothing: an
//!   operation that is open all the while may still explain everything.
//!
//! A stream that ends within `KEPT` bytes is judged as a file is, with all that belongs to it. One that breaks its
//! promise within them is read on and judged as a file; beyond, only what the judge needs is kept, so memory is flat,
//! and a broken promise or line ends it. A violation is shown as that of a file is, wherever the operations that are
//! kept show it by themselves (`telling.rs`).

mod input;
mod judging;
mod lines;
mod telling;

use std::time::Duration;

use anachron_checker::{CheckOptions, Decision};
use anachron_experiment::judge::Limits;
use anachron_history::Parsed;

use crate::exit::Failure;
use crate::interrupt::interrupted;
use crate::output::Output;
use input::{Arrival, Input, STEP};
use judging::Stream;

/// How long a stream that tells its calls is silent before all of one moment has come.
const MOMENT: Duration = Duration::from_millis(200);
/// How much of the stream is kept to be judged as a file.
const KEPT: usize = 8 << 20;

/// What became of a stream.
pub(super) enum Followed {
    /// It is to be judged as a file with this content.
    AsFile(Vec<u8>),
    /// It is not linearizable, as this history of some of its operations shows.
    Shown(Box<Parsed>, CheckOptions),
    /// All is said.
    Told(Decision),
    /// The reader interrupted, and was told how far it got.
    Interrupted,
}

/// What the objects are, told from bytes of the stream; `None` if they are not what they seem.
type OptionsOf<'a> = Box<dyn Fn(&[u8]) -> Option<CheckOptions> + 'a>;

/// What is asked of a stream.
pub(super) struct Wanted<'a> {
    /// The model was named.
    pub(super) named: bool,
    /// What the objects are, once the model is known.
    pub(super) options: OptionsOf<'a>,
    /// How many lines late a whole operation may come.
    pub(super) lag: usize,
    /// What the judge may take.
    pub(super) limits: Limits,
}

/// Follows standard input until all is said.
pub(super) fn follow(wanted: &Wanted<'_>, output: &mut Output) -> Result<Followed, Failure> {
    let mut input = Input::start();
    let mut stream = Stream::new(wanted);
    loop {
        let arrival = input.next();
        if interrupted() {
            return stream.interrupted(output);
        }
        match arrival {
            Arrival::Piece(piece) => {
                let piece = piece.map_err(|error| Failure::unreadable("-".as_ref(), &error))?;
                stream.take(&piece);
            }
            Arrival::Drained => stream.drained(),
            Arrival::Silence(silence) if (MOMENT..MOMENT + STEP).contains(&silence) => stream.silent(),
            Arrival::Silence(_) => {}
            Arrival::End => return stream.finish(output),
        }
        stream.judge();
        if let Some(end) = stream.ended(output)? {
            return Ok(end);
        }
    }
}
