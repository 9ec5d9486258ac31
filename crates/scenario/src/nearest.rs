//! "Did you mean …?"

/// The candidate that a mistyped word most likely stood for, if one is near enough.
///
/// Near means an edit distance of at most a third of the word's length; case does not count. So a short word such as
/// `n4` is near to nothing: every other name of two letters would be as good a guess.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    if word.len() > 64 {
        return None;
    }
    let reach = word.len() / 3;
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &plain(candidate)), candidate))
        .filter(|&(distance, _)| distance <= reach)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Case and the choice between `-`, `_` and a space are never what a person meant to say.
fn plain(word: &str) -> Vec<char> {
    let same = |c| if matches!(c, '_' | ' ') { '-' } else { c };
    word.chars().flat_map(char::to_lowercase).map(same).collect()
}

/// The least number of insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match (quoted.pop(), quoted.is_empty()) {
        (None, _) => "nothing".into(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} or {last}", quoted.join(", ")),
    }
}

/// `; did you mean `x`?`, or nothing.
pub(crate) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// `; did you mean `x`?`, or else all candidates, if they are few: ``; known here: `a`, `b` and `c` ``.
pub(crate) fn suggestion_or_all<'a>(word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = suggestion(word, candidates.clone());
    if !near.is_empty() || !(1..=9).contains(&candidates.clone().count()) {
        return near;
    }
    format!("; known here: {}", listed(candidates).replace(" or ", " and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_a_different_word_is_not() {
        let words = ["latency", "duplicate", "drop", "same_request_id"];
        assert_eq!(nearest("latnecy", words), Some("latency"));
        assert_eq!(nearest("Drop", words), Some("drop"));
        assert_eq!(nearest("same-request-id", words), Some("same_request_id"));
        assert_eq!(nearest("banana", words), None);
        assert_eq!(nearest("n4", ["n1", "n2"]), None);
        assert_eq!(nearest("N1", ["n1", "n2"]), Some("n1"));
        assert_eq!(nearest(&"x".repeat(1_000_000), words), None);
    }
}
