//! The strategy by name: what a scenario file may say to it.

use anachron_experiment::strategy::{
    Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc,
};
use anachron_vocabulary::VirtualDuration;

use crate::primary_backup::{Config, PrimaryBackup, Reads};

/// Every strategy that this program can run.
pub(crate) static STRATEGIES: [StrategyEntry; 1] = [StrategyEntry {
    name: "primary-backup",
    family: "primary and backup",
    summary: "the primary orders writes, the backup answers them",
    options: &[
        OptionDoc {
            name: "reads",
            values: "\"backup\" or \"any\"",
            default: "backup",
            meaning: "whether the backup answers reads, or whichever host is asked",
        },
        OptionDoc {
            name: "resend_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how long the primary waits before it sends again what the backup may not have",
        },
    ],
    // What the campaign and the tables of Anachron's own strategies are made of.
    modes: &[],
    weakenings,
    configure,
}];

const ANSWERS_TOO_SOON: &str = "pb-answer-at-primary";
const READS_BEFORE_SYNC: &str = "pb-read-before-sync";

fn weakenings() -> Vec<WeakeningDoc> {
    vec![
        WeakeningDoc {
            name: ANSWERS_TOO_SOON,
            summary: "The primary answers a write, whether or not the backup has it.",
            source: "Alsberg and Day 1976, section 4, on one-host resiliency",
        },
        WeakeningDoc {
            name: READS_BEFORE_SYNC,
            summary: "A read shows a write that is not on the disk yet.",
            source: "the first draft of this example",
        },
    ]
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    if options.nodes() != 2 {
        return Err(options.wrong("name", "a primary and a backup are two nodes, no more and no fewer"));
    }
    let weak = |name: &str| options.weakenings().any(|on| on == name);
    Ok(Box::new(Configured::<PrimaryBackup>(Config {
        reads: options.choice("reads", &[("backup", Reads::Backup), ("any", Reads::Any)], Reads::Backup)?,
        resend_interval: options.duration("resend_interval", VirtualDuration::millis(50))?,
        initial: options.initial(),
        answers_too_soon: weak(ANSWERS_TOO_SOON),
        reads_before_sync: weak(READS_BEFORE_SYNC),
    })))
}
