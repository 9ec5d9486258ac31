//! ABD by name.

use anachron_replication::abd::{Abd, Config, Weakening};

use super::mode::{AtRest, Mode, PaperCost, Retries};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "abd",
    family: "leaderless",
    summary: "atomic registers without a leader: ask a majority, take the highest stamp, write it back to a majority; a retry at another node is another write",
    options: &[OptionDoc {
        name: "resend_interval",
        values: "a duration",
        default: "100ms",
        meaning: "how long a coordinator waits for its majority before it asks again",
    }],
    modes: &[Mode {
        name: "abd",
        source: "Attiya, Bar-Noy and Dolev 1995; Lynch and Shvartsman 1997",
        at_rest: AtRest::MajorityAgrees,
        retries: Retries::GiveUp,
        write: PaperCost::TWO_ROUNDS,
        read: PaperCost::TWO_ROUNDS,
        ..Mode::BASE
    }],
    weakenings,
    configure,
};

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let config = Config {
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check().map_err(|message| options.wrong("options", message))?;
    Ok(Box::new(Configured::<Abd>(config)))
}
