//! A story, whole and checked.

use anachron_vocabulary::{ClientId, NodeId, Value, VirtualDuration, VirtualTime};

use crate::{Client, Cluster, Endpoint, Fault, FaultPlan, Model, ScenarioErrors, Task, Variant};

/// A story: a cluster, what clients do, what goes wrong, and the strategies to run it under.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Its name, in kebab-case; the file's name without `.json`.
    pub id: String,
    /// Its number in the catalogue, from 1; `None` for a story outside it.
    pub number: Option<u32>,
    /// A headline.
    pub title: String,
    /// True if it belongs to the course.
    pub course: bool,
    /// What happens.
    pub story: String,
    /// What to watch for.
    pub notice: String,
    /// Why it happens.
    pub why: Option<String>,
    /// The rule that broke.
    pub rule: Option<String>,
    /// What cures it.
    pub cure: Option<String>,
    /// How real systems met it.
    pub in_practice: Vec<InPractice>,
    /// A question to think about.
    pub question: Option<String>,
    /// Where it comes from.
    pub source: String,
    /// What the objects are.
    pub model: Model,
    /// What an object holds before it is first written. Null for a lock and for collections, which start empty.
    pub initial: Value,
    /// The objects' names, by [`Key`](anachron_vocabulary::Key): those of scripts first, in the order of appearance.
    pub keys: Vec<String>,
    /// The nodes and what connects them.
    pub cluster: Cluster,
    /// The clients, by [`ClientId`]. Never empty.
    pub clients: Vec<Client>,
    /// What goes wrong at exact times, by the time at which it begins.
    pub faults: Vec<Fault>,
    /// What may go wrong, drawn from the seed.
    pub fault_plan: Option<FaultPlan>,
    /// What the operator does, unless a variant says otherwise; by time.
    pub operator: Vec<OperatorAction>,
    /// When the story ends: no new operation is called, and faults end.
    pub duration: VirtualDuration,
    /// What follows.
    pub afterwards: Afterwards,
    /// The strategies. Never empty; the first shows the anomaly.
    pub variants: Vec<Variant>,
}

/// How a real system met the anomaly of a story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InPractice {
    /// The system.
    pub system: String,
    /// What happened there.
    pub what: String,
    /// Where that can be read.
    pub source: String,
}

/// A command of a person at the controls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorAction {
    /// When it reaches the node.
    pub at: VirtualTime,
    /// The node that is told. `None`: every node is, and whoever leads obeys.
    pub tell: Option<NodeId>,
    /// What it is told.
    pub order: Order,
}

/// What an operator wants. A strategy that has no use for it ignores it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// The node that is told leads from now on.
    Promote,
    /// The leader hands over to this node.
    Transfer(NodeId),
    /// This node receives everything and decides nothing.
    AddLearner(NodeId),
    /// This node becomes a voter.
    AddVoter(NodeId),
    /// This node leaves the cluster.
    Remove(NodeId),
    /// These nodes are the voters, all at once.
    SetVoters(Vec<NodeId>),
}

/// What happens after the story: the questions that a history can't answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Afterwards {
    /// True if all faults end, crashed nodes restart, and two questions are asked: do replicas agree at rest, and
    /// does an operation complete?
    pub heal: bool,
    /// How long the cluster has for each of the two.
    pub settle: VirtualDuration,
}

impl Default for Afterwards {
    fn default() -> Self {
        Self { heal: true, settle: VirtualDuration::secs(2) }
    }
}

impl Scenario {
    /// Reads a scenario file's text.
    ///
    /// # Errors
    /// Everything that is wrong with it. A text that is no JSON, or whose fields are not those of a scenario, gives
    /// one error; a scenario that makes no sense gives all of its errors.
    pub fn parse(text: &str) -> Result<Self, ScenarioErrors> {
        crate::resolve::parse(text)
    }

    /// The variant of this name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The clients as they are under a variant: its choices of node made, for scripted operations too.
    pub fn clients_under(&self, variant: &Variant) -> Vec<Client> {
        let mut clients = self.clients.clone();
        for (id, choice) in &variant.node_choices {
            let client = &mut clients[id.index()];
            client.node = choice.clone();
            if let Task::Script(operations) = &mut client.task {
                for operation in operations {
                    operation.node = None;
                }
            }
        }
        clients
    }

    /// What the operator does under a variant.
    pub fn operator_under<'a>(&'a self, variant: &'a Variant) -> &'a [OperatorAction] {
        variant.operator.as_deref().unwrap_or(&self.operator)
    }

    /// The name of a node.
    ///
    /// # Panics
    /// When the scenario has no such node.
    pub fn node_name(&self, node: NodeId) -> &str {
        &self.cluster.nodes[node.index()]
    }

    /// The name of a client.
    ///
    /// # Panics
    /// When the scenario has no such client.
    pub fn client_name(&self, client: ClientId) -> &str {
        &self.clients[client.index()].name
    }

    /// The name of one end of a link.
    ///
    /// # Panics
    /// When the scenario has no such node or client.
    pub fn endpoint_name(&self, endpoint: Endpoint) -> &str {
        match endpoint {
            Endpoint::Node(node) => self.node_name(node),
            Endpoint::Client(client) => self.client_name(client),
        }
    }

    /// Every node, in the order of their numbers.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.cluster.nodes.len()).map(NodeId::from_index)
    }
}
