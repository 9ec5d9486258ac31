//! `anachron sweep`: one story, many seeds.

use crate::harness::{Folder, anachron, golden};

const STORY: &str = "lost-acked-write-on-failover";

#[test]
fn small_ranges() {
    let calls = [
        (format!("sweep {STORY} --seeds 0..20"), 1),
        (format!("sweep {STORY} --seeds 5 --variant raft"), 0),
        (format!("sweep {STORY} --seeds 0..=9 --variant raft --variant asynchronous --ascii"), 1),
        (format!("sweep {STORY} --seeds 9..9"), 5),
        (format!("sweep {STORY} --seeds 9..1"), 5),
    ];
    golden("sweep", &calls.map(|(call, code)| anachron(&call).run().ends_with(code)));
}

#[test]
fn a_variant_named_twice_is_swept_once() {
    let twice =
        anachron(&format!("sweep {STORY} --seeds 0..9 --variant raft --variant raft")).run().ends_with(0);
    assert_eq!(twice.stdout.lines().filter(|line| line.starts_with("raft")).count(), 1, "{}", twice.stdout);
}

#[test]
fn expectations() {
    for (arguments, code) in [
        ("--variant asynchronous --expect not-linearizable:stale-read", 0),
        ("--variant asynchronous --expect not-linearizable", 0),
        ("--variant asynchronous --expect linearizable", 1),
        ("--variant asynchronous --expect not-linearizable:phantom", 1),
        ("--variant raft --expect linearizable", 0),
        ("--variant raft --expect not-linearizable", 1),
        ("--expect linearizable", 1),
    ] {
        anachron(&format!("sweep {STORY} --seeds 0..10 {arguments}")).run().ends_with(code);
    }
}

/// The first seed that was not as expected is the one that can be replayed.
#[test]
fn a_sweep_ends_with_what_replays() {
    let swept = anachron(&format!("sweep {STORY} --seeds 3..10 --variant asynchronous")).run().ends_with(1);
    let replay = swept.line("replay ").strip_prefix("replay  anachron ").expect("the start").to_owned();
    assert!(replay.contains("--seed 3 --expect-run "), "{replay}");
    anachron(&replay).run().ends_with(1);
}

#[test]
fn threads_change_nothing_that_is_said() {
    for output in ["human", "jsonl"] {
        let said = ["1", "2", "7"].map(|threads| {
            let call = format!("sweep {STORY} --seeds 0..300 --threads {threads} --output {output}");
            anachron(&call).run().ends_with(1).stdout
        });
        assert_eq!(said[0], said[1]);
        assert_eq!(said[0], said[2]);
    }
}

#[test]
fn the_last_seeds_of_all() {
    let range = "18446744073709551590..18446744073709551615";
    let swept =
        anachron(&format!("sweep {STORY} --variant raft --seeds {range} --output jsonl")).run().ends_with(0);
    let seeds: Vec<u64> = swept.objects().iter().filter_map(|object| object["seed"].as_u64()).collect();
    let expected: Vec<u64> = (u64::MAX - 25..u64::MAX).collect();
    assert_eq!(seeds.into_iter().skip(1).collect::<Vec<_>>(), expected);
    anachron(&format!("sweep {STORY} --seeds 18446744073709551615"))
        .run()
        .ends_with(2)
        .notes("the last seed");
}

#[test]
fn a_file_of_ones_own_is_swept_like_a_story() {
    let folder = Folder::new();
    folder.file("own story.json", include_str!("../../../../scenarios/lost-acked-write-on-failover.json"));
    let call = folder.anachron("sweep --seeds 0..5 --variant asynchronous").arg("own story.json");
    assert!(
        call.run()
            .ends_with(1)
            .line("replay ")
            .starts_with("replay  anachron run 'own story.json' --variant ")
    );
}
