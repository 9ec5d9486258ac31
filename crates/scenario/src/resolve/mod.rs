//! From the file as written to a scenario that is complete and consistent.
//!
//! Errors are collected, not thrown: a builder that meets a mistake notes it and goes on with a stand-in, and the
//! scenario is handed out only if nothing was noted. So a teacher sees all mistakes at once.

mod check;
mod client;
mod cluster;
mod fault;
mod latency;
mod names;
mod plan;
mod variant;

use anachron_vocabulary::VirtualDuration;

use self::check::Check;
use self::client::Keys;
use self::names::Names;
use crate::json;
use crate::path::Path;
use crate::written::{self, File};
use crate::{Afterwards, InPractice, Scenario, ScenarioError, ScenarioErrors};

/// Reads a scenario file's text.
pub(crate) fn parse(text: &str) -> Result<Scenario, ScenarioErrors> {
    let one = |offset: usize, path: &Path, message: String| {
        ScenarioErrors::new(vec![ScenarioError::at(text, offset, path, message)])
    };
    let tree = json::parse(text).map_err(|error| one(error.offset, &error.path, error.message))?;
    let file: File = json::decode(&tree).map_err(|error| {
        let (offset, path, message) = error.into_parts();
        one(offset, &path, message)
    })?;
    let mut check = Check::new(text, &tree);
    let scenario = scenario(&mut check, file);
    check.finish()?;
    Ok(scenario)
}

fn scenario(check: &mut Check<'_>, file: File) -> Scenario {
    let top = Path::default();
    check.kebab_case(&top.field("id"), &file.id);
    for (field, text) in [
        ("title", Some(&file.title)),
        ("story", Some(&file.story)),
        ("notice", Some(&file.notice)),
        ("why", file.why.as_ref()),
        ("rule", file.rule.as_ref()),
        ("cure", file.cure.as_ref()),
        ("question", file.question.as_ref()),
        ("source", Some(&file.source)),
    ] {
        if let Some(text) = text {
            check.not_blank(&top.field(field), text);
        }
    }
    if file.number == Some(0) {
        check.error(&top.field("number"), "expected a number from 1");
    }
    let in_practice = in_practice(check, &top.field("in_practice"), file.in_practice);
    if file.initial.is_some() && !file.model.has_initial() {
        let message = format!("a `{}` can start in one way only; leave `initial` out", file.model);
        check.error(&top.field("initial"), message);
    }
    let initial = file.initial.map_or(file.model.default_initial(), |initial| initial.0);
    let duration = file.duration.0;
    check.positive(&top.field("duration"), duration);

    let mut names = Names::default();
    let nodes = names.add_nodes(check, &top.field("cluster").field("nodes"), file.cluster.nodes.as_ref());
    names.add_clients(check, &top.field("clients"), &file.clients);

    let cluster = cluster::resolve(check, &top.field("cluster"), &names, nodes, &file.cluster);
    let mut keys = Keys::new(file.model);
    let clients = client::resolve(check, &top.field("clients"), &names, &mut keys, duration, file.clients);
    let faults = fault::resolve(check, &top.field("faults"), &names, duration, &file.faults);
    let fault_plan = file
        .fault_plan
        .map(|plan| plan::resolve(check, &top.field("fault_plan"), cluster.nodes.len(), duration, plan));
    let operator = variant::operator(check, &top.field("operator"), &names, duration, &file.operator);
    let afterwards = afterwards(check, &top.field("afterwards"), &file.afterwards);
    let variants = variant::resolve(check, &top.field("variants"), &names, duration, file.variants);

    Scenario {
        id: file.id,
        number: file.number,
        title: file.title,
        course: file.course,
        story: file.story,
        notice: file.notice,
        why: file.why,
        rule: file.rule,
        cure: file.cure,
        in_practice,
        question: file.question,
        source: file.source,
        model: file.model,
        initial,
        keys: keys.into_names(),
        cluster,
        clients,
        faults,
        fault_plan,
        operator,
        duration,
        afterwards,
        variants,
    }
}

fn in_practice(check: &mut Check<'_>, path: &Path, written: Vec<written::InPractice>) -> Vec<InPractice> {
    let mut told = Vec::with_capacity(written.len());
    for (index, written::InPractice { system, what, source }) in written.into_iter().enumerate() {
        let path = path.index(index);
        for (field, text) in [("system", &system), ("what", &what), ("source", &source)] {
            check.not_blank(&path.field(field), text);
        }
        told.push(InPractice { system, what, source });
    }
    told
}

fn afterwards(check: &mut Check<'_>, path: &Path, written: &written::Afterwards) -> Afterwards {
    let default = Afterwards::default();
    let settle = written.settle.map_or(default.settle, |settle| settle.0);
    let heal = written.heal.unwrap_or(default.heal);
    if heal && settle == VirtualDuration::ZERO {
        check
            .error(&path.field("settle"), "the cluster needs time to settle; expected a duration above zero");
    }
    Afterwards { heal, settle }
}
