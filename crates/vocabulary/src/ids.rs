//! Small numbers with a type of their own, so that a client can never be taken for a node.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub $inner);

        impl $name {
            /// The id as an index into a table with one row an entity.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of row `index` of such a table.
            ///
            /// # Panics
            /// When the index does not fit the id.
            pub fn from_index(index: usize) -> Self {
                Self(<$inner>::try_from(index).expect("more entities than the id can number"))
            }
        }
    };
}

id! {
    /// A node of the cluster, numbered from 0. People see `n1` for node 0 unless the scenario names it.
    NodeId, u16
}
id! {
    /// A client, numbered from 0 in the order in which it first appears.
    ClientId, u32
}
id! {
    /// An operation: its position in the history.
    OperationId, u32
}
id! {
    /// The object that an operation works on: its position in the history's table of key names.
    Key, u32
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", u32::from(self.0) + 1)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", u64::from(self.0) + 1)
    }
}
