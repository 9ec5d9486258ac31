//! Who is who: the names of nodes, clients and groups of clients.

use std::collections::{BTreeMap, BTreeSet};

use anachron_vocabulary::{ClientId, NodeId};

use super::check::Check;
use crate::json::shortened;
use crate::nearest::suggestion_or_all;
use crate::path::Path;
use crate::written::{self, NodeList};
use crate::{Endpoint, cluster::defaults};

/// Words that choose a node or mean everybody; nothing may bear them as a name.
const RESERVED: [&str; 6] = ["leader", "nearest", "sticky", "round-robin", "nodes", "clients"];

const MOST_NODES: usize = 1_000;
const MOST_CLIENTS: usize = 10_000;

/// What each name stands for.
#[derive(Default)]
pub(crate) struct Names {
    /// A name and its members: one for a node or a client, several for a group, `nodes` and `clients`.
    members: BTreeMap<String, Vec<Endpoint>>,
    nodes: Vec<NodeId>,
    /// The clients' names by number, whatever group they belong to.
    clients_by_number: Vec<String>,
}

impl Names {
    /// Numbers the nodes and returns their names.
    pub(crate) fn add_nodes(
        &mut self,
        check: &mut Check<'_>,
        path: &Path,
        written: Option<&NodeList>,
    ) -> Vec<String> {
        let numbered = |count: usize| (1..=count).map(|number| format!("n{number}")).collect::<Vec<_>>();
        let (names, listed) = match written {
            None => (numbered(usize::from(defaults::NODES)), false),
            Some(NodeList::Count(count)) => {
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                if !(1..=MOST_NODES).contains(&count) {
                    check.error(path, format!("expected 1 to {MOST_NODES} nodes, found {count}"));
                }
                (numbered(count.clamp(1, MOST_NODES)), false)
            }
            Some(NodeList::Named(names)) => {
                if !(1..=MOST_NODES).contains(&names.len()) {
                    check.error(path, format!("expected 1 to {MOST_NODES} nodes, found {}", names.len()));
                }
                (names.iter().take(MOST_NODES).cloned().collect(), true)
            }
        };
        for (index, name) in names.iter().enumerate() {
            let path = if listed { path.index(index) } else { path.clone() };
            let node = NodeId::from_index(index);
            self.nodes.push(node);
            self.add(check, &path, name, vec![Endpoint::Node(node)]);
        }
        self.members.insert("nodes".into(), self.nodes.iter().copied().map(Endpoint::Node).collect());
        names
    }

    /// Numbers the clients; a group of them gets numbered names and can be named as a whole.
    pub(crate) fn add_clients(&mut self, check: &mut Check<'_>, path: &Path, written: &[written::Client]) {
        if written.is_empty() {
            check.error(path, "expected at least one client");
        }
        for (index, client) in written.iter().enumerate() {
            let path = path.index(index);
            let Some(count) = client.count else {
                let id = self.next_client(client.name.clone());
                self.add(check, &path.field("name"), &client.name, vec![Endpoint::Client(id)]);
                continue;
            };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            if count == 0 || count > MOST_CLIENTS - self.clients_by_number.len().min(MOST_CLIENTS) {
                check.error(
                    &path.field("count"),
                    format!("expected at least 1, and {MOST_CLIENTS} clients in all; found {count}"),
                );
                continue;
            }
            let mut group = Vec::with_capacity(count);
            for number in 1..=count {
                let name = format!("{}{number}", client.name);
                let id = self.next_client(name.clone());
                group.push(Endpoint::Client(id));
                self.add(check, &path.field("name"), &name, vec![Endpoint::Client(id)]);
            }
            self.add(check, &path.field("name"), &client.name, group);
        }
        let everybody = (0..self.clients_by_number.len()).map(ClientId::from_index).map(Endpoint::Client);
        self.members.insert("clients".into(), everybody.collect());
    }

    fn next_client(&mut self, name: String) -> ClientId {
        let id = ClientId::from_index(self.clients_by_number.len());
        self.clients_by_number.push(name);
        id
    }

    fn add(&mut self, check: &mut Check<'_>, path: &Path, name: &str, members: Vec<Endpoint>) {
        check.plain_name(path, name);
        if RESERVED.contains(&name) {
            check.error(path, format!("`{name}` has a meaning of its own here; choose another name"));
        } else if self.members.insert(name.to_owned(), members).is_some() {
            check.error(path, format!("the name `{}` is taken already", shortened(name)));
        }
    }

    /// The clients that a client's or a group's name stands for; a group's own name gives all of them.
    pub(crate) fn clients(&self, check: &mut Check<'_>, path: &Path, name: &str) -> Vec<ClientId> {
        let ids: Vec<ClientId> =
            self.members.get(name).into_iter().flatten().copied().filter_map(client_of).collect();
        if ids.is_empty() {
            let known = self.members.iter().filter(|(_, ids)| ids.iter().any(|id| client_of(*id).is_some()));
            let near = suggestion_or_all(name, known.map(|(name, _)| &**name));
            check.error(path, format!("there is no client `{}`{near}", shortened(name)));
        }
        ids
    }

    /// The clients of the `index`th entry of the file, whose name this is.
    pub(crate) fn clients_of_entry(&self, first: usize, count: usize) -> Vec<(ClientId, String)> {
        let end = first.saturating_add(count).min(self.clients_by_number.len());
        (first..end)
            .map(|index| (ClientId::from_index(index), self.clients_by_number[index].clone()))
            .collect()
    }

    /// Every node.
    pub(crate) fn all_nodes(&self) -> Vec<NodeId> {
        self.nodes.clone()
    }

    /// The node of this name.
    pub(crate) fn node(&self, check: &mut Check<'_>, path: &Path, name: &str) -> Option<NodeId> {
        if let Some([Endpoint::Node(node)]) = self.members.get(name).map(Vec::as_slice) {
            return Some(*node);
        }
        let known = self.members.iter().filter(|(_, ids)| matches!(ids[..], [Endpoint::Node(_)]));
        let near = suggestion_or_all(name, known.map(|(name, _)| &**name));
        check.error(path, format!("there is no node `{}`{near}", shortened(name)));
        None
    }

    /// The nodes of a list of names (`nodes` means all), none twice.
    pub(crate) fn nodes(&self, check: &mut Check<'_>, path: &Path, names: &written::Names) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        let mut seen = BTreeSet::new();
        for (path, name) in each(path, names) {
            let found = if name == "nodes" {
                self.all_nodes()
            } else {
                self.node(check, &path, name).into_iter().collect()
            };
            for node in found {
                if !seen.insert(node) {
                    check.error(&path, format!("`{}` is named twice", shortened(name)));
                    break;
                }
                nodes.push(node);
            }
        }
        if names.names.is_empty() {
            check.error(path, "expected at least one node");
        }
        nodes
    }

    /// The nodes and clients of a list of names, none twice. A group's name, `nodes` and `clients` mean all members.
    pub(crate) fn endpoints<'a>(
        &self,
        check: &mut Check<'_>,
        path: &Path,
        names: impl IntoIterator<Item = (Path, &'a str)>,
    ) -> Vec<Endpoint> {
        let mut endpoints = Vec::new();
        let mut seen = BTreeSet::new();
        let mut any = false;
        for (path, name) in names {
            any = true;
            let Some(members) = self.members.get(name) else {
                let near = suggestion_or_all(name, self.members.keys().map(|name| &**name));
                check.error(&path, format!("there is no node or client `{}`{near}", shortened(name)));
                continue;
            };
            for member in members {
                if !seen.insert(*member) {
                    check.error(&path, format!("`{}` is named twice", shortened(name)));
                    break;
                }
                endpoints.push(*member);
            }
        }
        if !any {
            check.error(path, "expected at least one name");
        }
        endpoints
    }
}

fn client_of(endpoint: Endpoint) -> Option<ClientId> {
    match endpoint {
        Endpoint::Client(client) => Some(client),
        Endpoint::Node(_) => None,
    }
}

/// Each name with its own path.
pub(crate) fn each<'a>(path: &Path, names: &'a written::Names) -> Vec<(Path, &'a str)> {
    let place = |index| if names.listed { path.index(index) } else { path.clone() };
    names.names.iter().enumerate().map(|(index, name)| (place(index), &**name)).collect()
}
