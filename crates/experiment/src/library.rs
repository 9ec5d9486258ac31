//! The stories that come with the program, and those in files.
//!
//! The stories of `scenarios/` are part of the binary, so that an installed `anachron` needs no folder beside it. A
//! test holds this list against the folder.

use anachron_scenario::{Scenario, ScenarioErrors};

/// A story's file as it stands in the repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Story {
    /// Its id: the file's name without `.json`.
    pub id: &'static str,
    /// The file's text.
    pub text: &'static str,
}

macro_rules! stories {
    ($($id:literal),* $(,)?) => {
        /// Every story of the catalogue, in the order in which `list` shows them: the course's first.
        pub const STORIES: &[Story] =
            &[$(Story { id: $id, text: include_str!(concat!("../../../scenarios/", $id, ".json")) }),*];
    };
}

stories![
    "leadership-register-stale-leader",
    "lock-granted-twice",
    "lost-acked-write-on-failover",
    "lamport-1-5-1",
    "back-in-time-two-followers",
    "tob-local-reads",
    "async-vs-consensus-leader-death",
    "leader-death-under-raft",
];

impl Story {
    /// Reads the story.
    ///
    /// # Errors
    /// Everything that is wrong with it; a story of the catalogue has no errors.
    pub fn scenario(&self) -> Result<Scenario, ScenarioErrors> {
        Scenario::parse(self.text)
    }
}

/// The story of this id.
pub fn find(id: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.id == id)
}
