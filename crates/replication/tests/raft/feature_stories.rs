//! Stories of the dissertation's features: pre-vote, check-quorum, leases, follower reads, snapshots, membership,
//! transfer. How they are told and blessed: `stories.rs`.

use anachron_replication::raft::{Config, Reads, Weakening};
use anachron_vocabulary::NodeId;

use crate::stories::{answer, tell, tell_sound};

fn nodes(numbers: &[u16]) -> Vec<NodeId> {
    numbers.iter().copied().map(NodeId).collect()
}

/// Reads by lease, clocks within a fifth of each other: a lease of 100 ms under an election time-out of 150 ms.
fn leases() -> Config {
    Config { reads: Reads::Lease, check_quorum: true, clock_drift_bound_ppm: 200_000, ..Config::default() }
}

fn snapshots(after: u64) -> Config {
    Config { snapshot_after: Some(after), ..Config::default() }
}

/// What c2's first request is told in the story as it is, and with the weakening.
fn told_to_c2(name: &str, size: u16, config: &Config, weakening: Weakening) -> (String, String) {
    let (told, weakened) = tell(name, size, config, weakening);
    (answer(&told, "c2#1").to_owned(), answer(&weakened, "c2#1").to_owned())
}

fn pair(sound: &str, weakened: &str) -> (String, String) {
    (sound.to_owned(), weakened.to_owned())
}

#[test]
fn dissertation_9_6_a_node_that_was_cut_off_does_not_unseat_the_leader() {
    let config = Config { pre_vote: true, ..Config::default() };
    let (told, weakened) = tell("pre-vote", 3, &config, Weakening::NoPreVoteNoCheckQuorum);
    assert!(!told.contains("no longer leads"));
    assert!(weakened.contains("n1 notes: no longer leads term 1"));
}

#[test]
fn dissertation_6_2_a_leader_without_a_majority_steps_down() {
    let config = Config { check_quorum: true, ..Config::default() };
    let (told, weakened) = tell("check-quorum", 5, &config, Weakening::FollowerLeaseDeadlock);
    assert_eq!(answer(&told, "c2#1"), "ok");
    assert!(!weakened.contains("leads term 2"), "nobody can be elected");
    assert_eq!(answer(&weakened, "c2#1"), "refused: not the leader, try n1");
}

#[test]
fn dissertation_4_2_3_who_hears_a_leader_takes_no_heed_of_a_candidate() {
    let config = Config { check_quorum: true, ..Config::default() };
    let (told, weakened) = tell("disruptive-node", 3, &config, Weakening::NoPreVoteNoCheckQuorum);
    assert!(!told.contains("no longer leads"));
    assert!(weakened.contains("no longer leads term 1"));
}

#[test]
fn dissertation_6_4_1_a_lease_is_shorter_than_the_promise_it_rests_on() {
    let answers = told_to_c2("lease-drift", 3, &leases(), Weakening::LeaseNoDriftBound);
    assert_eq!(answers, pair("nothing", "ok 1"), "stale: 2 was acknowledged");
}

#[test]
fn dissertation_6_4_1_a_lease_goes_by_a_clock_that_does_not_jump() {
    let answers = told_to_c2("lease-wall-clock", 3, &leases(), Weakening::LeaseWallClock);
    assert_eq!(answers, pair("nothing", "ok 1"));
}

#[test]
fn dissertation_6_4_1_a_lease_counts_from_when_it_was_asked_for() {
    let answers = told_to_c2("lease-late-answer", 3, &leases(), Weakening::LeaseFromAckTime);
    assert_eq!(answers, pair("nothing", "ok 1"));
}

#[test]
fn dissertation_6_4_1_a_lease_ends_with_a_transfer() {
    let answers = told_to_c2("lease-transfer", 3, &leases(), Weakening::LeaseSurvivesTransfer);
    assert_eq!(answers, pair("nothing", "ok 1"));
}

#[test]
fn dissertation_6_4_1_a_promise_outlives_a_restart() {
    let (told, weakened) = tell("lease-restarted-voter", 3, &leases(), Weakening::RestartedVoterIgnoresLease);
    assert_eq!((answer(&told, "c2#1"), answer(&weakened, "c2#1")), ("ok 1", "ok 1"));
    let written = (answer(&told, "c1#2"), answer(&weakened, "c1#2"));
    assert_eq!(written, ("refused: not the leader", "ok"), "2 was acknowledged before 1 was read");
}

#[test]
fn dissertation_6_4_a_follower_waits_until_it_has_applied_the_read_index() {
    let config = Config { reads: Reads::FollowerReadIndex, ..Config::default() };
    let answers = told_to_c2("follower-read", 3, &config, Weakening::FollowerReadNoApplyWait);
    assert_eq!(answers, pair("ok 1", "ok null"));
}

#[test]
fn dissertation_6_4_a_read_waits_for_a_round_of_its_own() {
    let answers = told_to_c2("read-round", 3, &Config::default(), Weakening::ReadIndexReusedContext);
    assert_eq!(answers, pair("nothing", "ok 1"));
}

#[test]
fn section_7_a_late_snapshot_takes_nothing_back() {
    let (told, weakened) = tell("late-snapshot", 3, &snapshots(3), Weakening::OldSnapshotTruncates);
    assert_eq!((answer(&told, "c2#1"), answer(&weakened, "c2#1")), ("ok 3", "ok 2"), "3 was acknowledged");
}

#[test]
fn dissertation_6_3_a_snapshot_holds_the_sessions() {
    let answers = told_to_c2("snapshot-sessions", 3, &snapshots(2), Weakening::SnapshotWithoutSessions);
    assert_eq!(answers, pair("ok a", "ok aa"));
}

#[test]
fn dissertation_5_1_a_snapshot_is_written_in_one_piece() {
    let config = Config { initial_voters: nodes(&[0]), ..snapshots(3) };
    let answers = told_to_c2("snapshot-torn", 1, &config, Weakening::AppliedIndexNotAtomic);
    assert_eq!(answers, pair("ok ab", "ok abab"));
}

#[test]
fn dissertation_4_1_a_leader_commits_an_entry_of_its_term_before_it_changes_the_membership() {
    let (told, weakened) =
        tell("change-before-no-op", 4, &Config::default(), Weakening::ConfChangeBeforeNoop);
    assert_eq!((answer(&told, "c2#1"), answer(&weakened, "c2#1")), ("ok null", "ok null"));
    assert_eq!((answer(&told, "c1#1"), answer(&weakened, "c1#1")), ("nothing", "ok"), "5 was acknowledged");
}

#[test]
fn dissertation_4_1_one_change_of_membership_at_a_time() {
    let config = Config { initial_voters: nodes(&[0, 1, 2]), ..Config::default() };
    let (told, weakened) = tell("two-changes", 5, &config, Weakening::TwoChangesInFlight);
    assert!(told.contains("the change before it is not committed yet"));
    assert_eq!((answer(&told, "c1#1"), answer(&weakened, "c1#1")), ("nothing", "ok"), "5 was acknowledged");
    assert_eq!((answer(&told, "c2#1"), answer(&weakened, "c2#1")), ("ok null", "ok null"));
}

#[test]
fn dissertation_4_1_a_configuration_counts_from_when_it_is_in_the_log() {
    let (told, weakened) = tell("conf-at-apply", 5, &Config::default(), Weakening::ConfAtApplyUnguarded);
    assert_eq!(told.matches("leads term 2").count(), 0);
    assert_eq!(weakened.matches("leads term 2").count(), 1);
}

#[test]
fn dissertation_4_2_1_learners_decide_nothing_and_become_voters_once_they_have_caught_up() {
    let config = Config { initial_voters: nodes(&[0, 1, 2]), ..Config::default() };
    let (told, weakened) = tell("learner", 4, &config, Weakening::LearnerInQuorum);
    assert_eq!((answer(&told, "c1#1"), answer(&weakened, "c1#1")), ("nothing", "ok"));
    assert!(told.contains("takes up the configuration n1 n2 n3 n4 with entry"));
}

#[test]
fn section_6_joint_consensus_needs_both_majorities() {
    let config = Config { initial_voters: nodes(&[0, 1, 2]), ..Config::default() };
    let told = tell_sound("joint-consensus", 5, &config);
    assert!(told.contains("takes up the configuration n1 n2 n3 joint with n3 n4 n5"));
    assert!(told.contains("is no voter of the configuration n3 n4 n5, which is committed: steps down"));
    assert_eq!(answer(&told, "c2#1"), "ok 1");
}

#[test]
fn dissertation_3_10_the_leadership_is_handed_over_in_good_order() {
    let told = tell_sound("leadership-transfer", 3, &Config { check_quorum: true, ..Config::default() });
    assert_eq!(answer(&told, "c2#1"), "ok 1");
    assert!(told.contains("gives up handing over to n3"));
}
