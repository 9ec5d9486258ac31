//! What a read says of several versions: a register's client takes one value, and there may be siblings.

use std::collections::BTreeSet;

use anachron_vocabulary::Value;

use super::{Content, Versions};

/// How a read makes one value of all versions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Reading {
    /// All of them: one value if there is one, a list of the different values, in their own order, if there are
    /// siblings. The client sees that there was a conflict.
    #[default]
    All,
    /// One of them, the same at every node that holds the same versions: the last in the order of clocks. What a
    /// client sees that knows nothing of siblings.
    One,
    /// The union of sets: a value that is a list stands for its elements, any other for itself. The read-time merge
    /// of Dynamo's shopping cart (§4.4, §6): "add to cart" is never lost, and deleted items can come back.
    Union,
}

impl Reading {
    /// What a read answers.
    pub fn read<V: Versions>(self, versions: &V, initial: &Value) -> Value {
        let contents = versions.contents();
        if self == Self::Union {
            return elements(versions, initial).into_iter().collect();
        }
        if contents.is_empty() {
            return initial.clone();
        }
        let values: BTreeSet<Value> =
            contents.iter().filter(|content| !content.is_deleted()).map(|content| content.value()).collect();
        match self {
            Self::One => contents.last().map_or(Value::Null, |content| content.value()),
            _ if values.is_empty() => Value::Null,
            _ if values.len() == 1 => values.into_iter().next().expect("there is one"),
            _ => values.into_iter().collect(),
        }
    }
}

/// The elements of all versions, as sets.
pub fn elements<V: Versions>(versions: &V, initial: &Value) -> BTreeSet<Value> {
    let contents = versions.contents();
    let values: Vec<Value> = match &*contents {
        [] => vec![initial.clone()],
        some => some.iter().filter(|content| !content.is_deleted()).map(|content| content.value()).collect(),
    };
    let mut elements = BTreeSet::new();
    for value in values {
        match value {
            Value::List(list) => elements.extend(list.iter().cloned()),
            Value::Null => {}
            other => {
                elements.insert(other);
            }
        }
    }
    elements
}

/// The set that these versions hold, with an element or without it: what someone writes who has seen them all.
pub fn changed_set<V: Versions>(versions: &V, initial: &Value, element: &Value, there: bool) -> Content {
    let mut set = elements(versions, initial);
    if there {
        set.insert(element.clone());
    } else {
        set.remove(element);
    }
    Content::Value(set.into_iter().collect())
}

/// True if a reader would see what it sees of a key that was never written.
pub(crate) fn is_as_if_never_written<V: Versions>(versions: &V, initial: &Value) -> bool {
    versions.contents().is_empty()
        || *initial == Value::Null
            && versions.contents().iter().all(|content| matches!(content, Content::Deleted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{Actor, Dot, Order, Siblings, VersionVector};
    use anachron_vocabulary::NodeId;

    fn siblings(contents: &[Content]) -> Siblings<VersionVector> {
        let mut siblings = Siblings::default();
        for (node, content) in (0..).zip(contents) {
            let mut clock = VersionVector::default();
            clock.see(Dot { actor: Actor::node(NodeId(node)), counter: 1 });
            siblings.merge(&Siblings::one(clock, content.clone()), Order::Total);
        }
        siblings
    }

    fn list(values: &[&str]) -> Value {
        values.iter().map(|&value| Value::from(value)).collect()
    }

    #[test]
    fn a_read_says_all_or_one_or_the_union() {
        let a3 = || Content::Value("a3".into());
        let b2 = || Content::Value("b2".into());
        let read =
            |reading: Reading, contents: &[Content]| reading.read(&siblings(contents), &Value::Integer(0));
        assert_eq!(read(Reading::All, &[]), Value::Integer(0));
        assert_eq!(read(Reading::All, &[b2()]), "b2".into());
        assert_eq!(read(Reading::All, &[b2(), a3()]), list(&["a3", "b2"]));
        assert_eq!(read(Reading::All, &[b2(), Content::Deleted]), "b2".into());
        assert_eq!(read(Reading::All, &[Content::Deleted]), Value::Null);
        // In the order of clocks, that of node 2 is the last.
        assert_eq!(read(Reading::One, &[b2(), a3()]), "a3".into());
        let cart = |items: &[&str]| Content::Value(list(items));
        assert_eq!(
            read(Reading::Union, &[cart(&["milk"]), cart(&["eggs", "milk"]), Content::Deleted]),
            list(&["eggs", "milk"])
        );
        assert_eq!(Reading::Union.read(&siblings(&[]), &Value::Null), list(&[]));
    }
}
