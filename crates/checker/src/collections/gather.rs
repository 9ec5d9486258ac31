//! From operations to a collection: each value's insert and remove put together.

use anachron_vocabulary::OperationId;

use super::{Answered, Collection, Element, Insert, Pending};

/// What an operation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Inserted a value.
    Insert {
        /// Which, as a small number: memory is needed for all up to the largest.
        value: u32,
        /// Its priority (see [`Element::rank`]).
        rank: i64,
    },
    /// Removed something: the reply was this value.
    Remove {
        /// Which.
        value: u32,
    },
    /// Would have removed something: the reply was *empty*.
    Empty,
    /// Tried to remove something, and the outcome is unknown.
    Pending,
}

/// One operation on a collection. What certainly did not happen is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// Which operation.
    pub id: OperationId,
    /// What it did. Without a return, a remove is pending whatever is said of it.
    pub action: Action,
    /// When it was called.
    pub call: i64,
    /// When it returned; `None` if the outcome is unknown.
    pub returned: Option<i64>,
}

/// Why operations are no collection with unique values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// A value was inserted twice, by an operation that may be of unknown outcome: another road has to be taken.
    NotUnique,
    /// A value was removed twice, or was never inserted: these operations alone have no legal order.
    Clash(Vec<OperationId>),
}

/// What is known of a value on the way.
#[derive(Clone, Copy, Default)]
struct Found {
    insert: Option<(Insert, i64)>,
    remove: Option<Answered>,
    removed_again: Option<Answered>,
}

impl Collection {
    /// Puts operations together.
    ///
    /// # Errors
    /// When a value was inserted twice, removed twice or never inserted.
    ///
    /// # Panics
    /// When an operation returned before its call.
    pub fn gather(events: &[Event]) -> Result<Self, Unfit> {
        let mut found: Vec<Found> = Vec::new();
        let mut collection = Self::default();
        for event in events {
            assert!(event.returned.is_none_or(|returned| event.call <= returned), "an end before its call");
            let Event { id, call, .. } = *event;
            let answered = event.returned.map(|returned| Answered { id, call, returned });
            if let Action::Insert { value, .. } | Action::Remove { value } = event.action
                && found.len() <= value as usize
            {
                found.resize(value as usize + 1, Found::default());
            }
            match (event.action, answered) {
                (Action::Insert { value, rank }, _) => {
                    let insert = Insert { id, call, returned: event.returned };
                    if found[value as usize].insert.replace((insert, rank)).is_some() {
                        return Err(Unfit::NotUnique);
                    }
                }
                (Action::Remove { value }, Some(answered)) => {
                    let found = &mut found[value as usize];
                    if found.remove.is_some() {
                        found.removed_again = Some(answered);
                    } else {
                        found.remove = Some(answered);
                    }
                }
                (Action::Empty, Some(answered)) => collection.empties.push(answered),
                (Action::Remove { .. } | Action::Empty | Action::Pending, _) => {
                    collection.pending.push(Pending { id, call });
                }
            }
        }
        for Found { insert, remove, removed_again } in found {
            match (insert, remove, removed_again) {
                (Some((insert, _)), Some(first), Some(second)) => {
                    return Err(Unfit::Clash(vec![insert.id, first.id, second.id]));
                }
                (None, Some(remove), _) => return Err(Unfit::Clash(vec![remove.id])),
                (Some((insert, rank)), remove, None) => {
                    collection.elements.push(Element { insert, remove, rank });
                }
                (None | Some(_), None, _) => {}
            }
        }
        Ok(collection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u32, action: Action, call: i64, returned: Option<i64>) -> Event {
        Event { id: OperationId(id), action, call, returned }
    }

    const INSERT: Action = Action::Insert { value: 1, rank: 0 };
    const REMOVE: Action = Action::Remove { value: 1 };

    #[test]
    fn a_value_comes_in_once() {
        let events = [event(0, INSERT, 0, None), event(1, INSERT, 5, Some(6))];
        assert_eq!(Collection::gather(&events), Err(Unfit::NotUnique));
    }

    #[test]
    fn a_value_that_nobody_inserted_is_a_clash_alone() {
        let events = [event(0, Action::Empty, 0, Some(1)), event(1, REMOVE, 5, Some(6))];
        assert_eq!(Collection::gather(&events), Err(Unfit::Clash(vec![OperationId(1)])));
    }

    #[test]
    fn a_value_that_was_removed_twice_is_a_clash_of_three() {
        let events =
            [event(0, REMOVE, 0, Some(1)), event(1, INSERT, 0, Some(6)), event(2, REMOVE, 3, Some(8))];
        let three = [1, 0, 2].map(OperationId).to_vec();
        assert_eq!(Collection::gather(&events), Err(Unfit::Clash(three)));
    }

    #[test]
    fn a_remove_without_a_return_is_pending() {
        let events =
            [event(0, INSERT, 0, Some(1)), event(1, REMOVE, 2, None), event(2, Action::Empty, 3, None)];
        let collection = Collection::gather(&events).expect("values are unique");
        assert_eq!(
            (collection.elements.len(), collection.empties.len(), collection.pending.len()),
            (1, 0, 2)
        );
    }
}
