//! The stories that come with the program, and those in files.
//!
//! The stories of `scenarios/` are part of the binary, so that an installed `anachron` needs no folder beside it. The
//! build script lists the folder, so that a new story is a new file. They are here and not further down, so that a
//! changed story does not have every strategy compiled again.

use anachron_scenario::{Scenario, ScenarioErrors};

/// A story's file as it stands in the repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Story {
    /// Its id: the file's name without `.json`.
    pub id: &'static str,
    /// The file's text.
    pub text: &'static str,
}

/// Every story of the catalogue, in the order in which `list` shows them: by its number, those without one last.
pub(crate) const STORIES: &[Story] = include!(concat!(env!("OUT_DIR"), "/stories.rs"));

impl Story {
    /// Reads the story.
    ///
    /// # Errors
    /// Everything that is wrong with it; a story of the catalogue has no errors.
    pub(crate) fn scenario(&self) -> Result<Scenario, ScenarioErrors> {
        Scenario::parse(self.text)
    }
}

/// The story of this id.
pub(crate) fn find(id: &str) -> Option<&'static Story> {
    STORIES.iter().find(|story| story.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_are_in_the_order_of_their_numbers_and_bear_their_files_names() {
        let order: Vec<(u32, String)> = STORIES
            .iter()
            .map(|story| {
                let scenario = story.scenario().unwrap_or_else(|errors| panic!("{}: {errors}", story.id));
                assert_eq!(scenario.id, story.id);
                (scenario.number.unwrap_or(u32::MAX), scenario.id)
            })
            .collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}
