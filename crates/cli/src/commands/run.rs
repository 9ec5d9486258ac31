//! `anachron run`: one story, one variant, one seed.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anachron_checker::explain::Explanation;
use anachron_checker::{CheckOptions, Decision};
use anachron_experiment::judge::Limits;
use anachron_experiment::{Experiment, Trial};
use anachron_history::write_json_lines;
use anachron_report::number::{count, thousands, took};
use anachron_report::{Marks, NodeName, Picture, Style, Window, cause, jsonl, text, timeline, verdict};
use anachron_scenario::{Scenario, Variant};
use anachron_trace::{Event, Fingerprint};
use anachron_vocabulary::{Outcome, Value, VirtualTime};

use super::levels::{Graded, grade};
use super::proof::{Proof, recheck};
use super::{Count, paragraph};
use crate::args::RunArgs;
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::source::{self, Source};
use crate::target::Target;

/// Runs, judges, explains.
pub(crate) fn run(args: &RunArgs, output: &mut Output) -> Result<Exit, Failure> {
    let source = source::load(&args.story, output.style)?;
    let variant = source::variant(&source.scenario, args.variant.as_deref(), output.style)?;
    let experiment = source::experiment(&source, variant)?;
    let seed = args.seed.unwrap_or(variant.seed);
    let files = Files::open(args)?;
    announce(&source.scenario, variant, seed, output)?;

    let start = Instant::now();
    let progress = Progress::start(&format!("running {}", source.scenario.id), output.style);
    let (trial, events) = experiment.observed_trial(seed, args.budget.limits(), &INTERRUPTED);
    drop(progress);
    let took = start.elapsed();

    let explanation = experiment.explain(&trial);
    let told =
        Told { source: &source, variant, trial: &trial, events: &events, explanation: explanation.as_ref() };
    told.picture_and_verdict(args.whole, output)?;
    told.footer(took, output)?;
    told.object(output)?;
    output.finish()?;
    if args.levels {
        let (history, options, limits) = (&trial.run.history, &experiment.options, args.budget.limits());
        let id = &source.scenario.id;
        let grades = &grade(id, history, options, &trial.judgement, limits, output.style);
        let ladder = Graded { history, grades };
        output.line("")?;
        output.text(&ladder.text(output.style))?;
        ladder.objects(id, output)?;
        output.finish()?;
    }
    if args.verify {
        recheck(&source.scenario.id, &trial.run.history, &experiment.options, &trial.judgement)?;
    }
    files.write(&source.scenario, &trial, &events)?;
    told.last_lines(args, &experiment.options, output)?;
    output.finish()?;

    let fingerprint = trial.run.fingerprint;
    if args.self_check {
        self_check(&experiment, seed, fingerprint, &events)?;
    }
    if let Some(expected) = args.expect_run
        && expected != fingerprint
    {
        let message =
            format!("this run is {fingerprint}, not {expected}: another version, scenario, variant or seed");
        return Err(Failure::Told(Exit::Diverged, message));
    }
    if interrupted() {
        return Ok(Exit::Interrupted);
    }
    let kind = explanation.as_ref().map(|explanation| explanation.kind);
    let mut count = Count::default();
    count.add(trial.decision(), kind, args.expect);
    Ok(count.exit(args.expect))
}

/// Says what is about to run, before it runs.
fn announce(scenario: &Scenario, variant: &Variant, seed: u64, output: &mut Output) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    output.object(|| {
        jsonl::start(&jsonl::Start {
            command: "run",
            version,
            scenario: Some(&scenario.id),
            variant: Some(&variant.name),
            seed: Some(seed),
        })
    })?;
    let style = output.style;
    let parts = [
        scenario.id.clone(),
        format!("variant {} ({})", variant.name, variant.strategy.name),
        format!("seed {seed}"),
        count(scenario.cluster.nodes.len() as u64, "node"),
        count(scenario.clients.len() as u64, "client"),
        format!("anachron {version}"),
    ];
    output.text(&verdict::footer(&parts, style))?;
    output.line("")?;
    output.text(&paragraph("", &scenario.title, style))?;
    output.text(&paragraph("  ", &scenario.story, style))?;
    output.text(&paragraph("  Watch: ", variant.notice.as_ref().unwrap_or(&scenario.notice), style))?;
    output.line("")?;
    output.finish()?;
    Ok(())
}

/// Where what the run leaves is to go.
struct Files {
    history: Option<Target>,
    trace: Option<Target>,
}

impl Files {
    fn open(args: &RunArgs) -> Result<Self, Failure> {
        let story = Path::new(&args.story);
        let open = |path: Option<&Path>| path.map(|path| Target::open(path, &[story])).transpose();
        Ok(Self { history: open(args.history.as_deref())?, trace: open(args.trace.as_deref())? })
    }

    fn write(self, scenario: &Scenario, trial: &Trial, events: &[Event]) -> Result<(), Failure> {
        let history = &trial.run.history;
        if let Some(target) = self.history {
            target.write(|file| write_json_lines(history, file))?;
        }
        if let Some(target) = self.trace {
            let nodes = &scenario.cluster.nodes;
            target.write(|file| {
                events.iter().try_for_each(|event| writeln!(file, "{}", jsonl::event(history, nodes, event)))
            })?;
        }
        Ok(())
    }
}

/// A variant's own run: the timeline, and the verdict with its reasons.
pub(super) fn drawn(source: &Source, variant: &Variant, style: Style) -> Result<String, Failure> {
    let experiment = source::experiment(source, variant)?;
    let limits = Limits::default();
    let (trial, events) = experiment.observed_trial(variant.seed, limits, &INTERRUPTED);
    let explanation = experiment.explain(&trial);
    let told = Told { source, variant, trial: &trial, events: &events, explanation: explanation.as_ref() };
    Ok(told.with_proof(false, style, |picture, proof| format!("{picture}\n{}", proof.text(style))))
}

/// A title beside a variant's name needs this much room, or goes below it.
const TITLE_COLUMNS: usize = 30;

/// Everything that there is to tell of a trial.
struct Told<'a> {
    source: &'a Source,
    variant: &'a Variant,
    trial: &'a Trial,
    events: &'a [Event],
    explanation: Option<&'a Explanation>,
}

impl Told<'_> {
    fn picture_and_verdict(&self, whole: bool, output: &mut Output) -> Result<(), Failure> {
        let history = &self.trial.run.history;
        let style = output.style;
        self.with_proof(whole, style, |picture, proof| {
            output.text(picture)?;
            output.line("")?;
            output.text(&proof.text(style))?;
            for (id, _) in history.iter() {
                output.object(|| jsonl::operation(history, id))?;
            }
            proof.objects(output)
        })
    }

    /// Draws the timeline and puts the proof together, with what the servers were doing.
    fn with_proof<T>(&self, whole: bool, style: Style, tell: impl FnOnce(&str, Proof<'_>) -> T) -> T {
        let history = &self.trial.run.history;
        let judgement = &self.trial.judgement;
        let proof = Proof { history, judgement, explanation: self.explanation, cause: &[] };
        // A violation numbers what proves it; a short order of one object numbers its operations.
        let orders = proof.orders();
        let short_order = match orders.as_slice() {
            [only] if judgement.parts.len() == 1 && only.order.len() <= 20 => only.order,
            _ => &[],
        };
        let numbered = self.explanation.map_or(short_order, |explanation| &explanation.numbered);
        let nodes = self.node_names();
        let picture = Picture {
            history,
            events: self.events,
            nodes: &nodes,
            marks: Marks { numbered, wrong: self.explanation.and_then(|_| numbered.last().copied()) },
            window: if whole { Window::Whole } else { Window::Auto },
            style,
        };
        let story = if self.trial.decision() == Decision::NotLinearizable { cause(&picture) } else { vec![] };
        tell(&timeline(&picture), Proof { cause: &story, ..proof })
    }

    fn node_names(&self) -> Vec<NodeName> {
        let cluster = &self.source.scenario.cluster;
        let nodes = cluster.nodes.iter().zip(&cluster.clocks);
        nodes.map(|(name, clock)| NodeName { name: name.clone(), note: clock_note(clock) }).collect()
    }

    fn footer(&self, elapsed: std::time::Duration, output: &mut Output) -> Result<(), Failure> {
        let run = &self.trial.run;
        let statistics = run.statistics;
        let mut parts = vec![
            count(run.history.records.len() as u64, "operation"),
            format!("{}, {} lost", count(statistics.sent, "message"), thousands(statistics.lost())),
            took(elapsed),
        ];
        if run.step_limit_reached {
            parts.push("cut off: the run has more steps than any story needs".to_owned());
        }
        output.line("")?;
        output.text(&verdict::footer(&parts, output.style))?;
        if let Some(rest) = &run.rest {
            let agree = if rest.converged { "replicas agree" } else { "replicas disagree" };
            let completes = if rest.progressed { "an operation completes" } else { "no operation completes" };
            output.text(&verdict::footer(&[format!("at rest {agree} and {completes}")], output.style))?;
        }
        Ok(())
    }

    fn object(&self, output: &mut Output) -> Result<(), Failure> {
        let run = &self.trial.run;
        let unknown = run.history.records.iter().filter(|record| record.outcome == Outcome::Unknown).count();
        let ends =
            run.history.records.iter().filter_map(|record| record.end.map(|end| end.0)).max().unwrap_or(0);
        output.object(|| {
            jsonl::run(&jsonl::Run {
                scenario: &self.source.scenario.id,
                variant: &self.variant.name,
                seed: self.trial.seed,
                verdict: self.trial.decision().name(),
                anomaly: self.explanation.map(|explanation| explanation.kind.name()),
                fingerprint: &run.fingerprint.to_string(),
                operations: run.history.records.len(),
                unknown,
                messages: run.statistics.sent,
                lost: run.statistics.lost(),
                end: VirtualTime(u64::try_from(ends).unwrap_or(0)),
                converged: run.rest.as_ref().map(|rest| rest.converged),
                progressed: run.rest.as_ref().map(|rest| rest.progressed),
                replay: &self.replay(),
            })
        })?;
        Ok(())
    }

    fn replay(&self) -> String {
        source::replay(self.source, self.variant, self.trial.seed, self.trial.run.fingerprint)
    }

    /// What else there is to see, how to see this again, and the run's name.
    fn last_lines(&self, args: &RunArgs, options: &CheckOptions, output: &mut Output) -> Result<(), Failure> {
        let style = output.style;
        let variants = &self.source.scenario.variants;
        let widest = variants.iter().map(|variant| variant.name.len()).max().unwrap_or(0);
        let others = variants.iter().filter(|variant| variant.name != self.variant.name);
        for (number, variant) in others.enumerate() {
            let lead = if number == 0 { "also  " } else { "" };
            let lead = format!("{lead:<8}--variant {:<widest$}  ", variant.name);
            if text::width(&lead) + TITLE_COLUMNS <= style.width {
                output.text(&paragraph(&lead, &variant.title, style))?;
            } else {
                output.line(lead.trim_end())?;
                output.text(&paragraph("          ", &variant.title, style))?;
            }
        }
        if let Some(explanation) = self.explanation {
            output.line(&format!("explain anachron explain {}", explanation.kind.name()))?;
        }
        if let Some(path) = &args.history {
            // A register that starts as null needs no word about it.
            let initial = match &options.initial {
                Value::Null => String::new(),
                value => format!(
                    " --initial {}",
                    source::quoted(jsonl::json_value(value).to_string().as_ref(), style)
                ),
            };
            let file = source::quoted_file(path, style);
            output.line(&format!("history anachron check {file} --model {}{initial}", options.model))?;
        }
        if let Some(path) = &args.trace {
            output.line(&format!("trace   {}", source::quoted_file(path, style)))?;
        }
        output.line(&format!("replay  {}", self.replay()))?;
        output.line(&format!("run {}", self.trial.run.fingerprint))?;
        Ok(())
    }
}

fn clock_note(clock: &anachron_scenario::Clock) -> Option<String> {
    let offset = (clock.offset != 0).then(|| {
        let sign = if clock.offset < 0 { '-' } else { '+' };
        format!("{sign}{}", anachron_vocabulary::VirtualDuration(clock.offset.unsigned_abs()))
    });
    let drift = (clock.drift_ppm != 0).then(|| format!("{:+} ppm", clock.drift_ppm));
    let parts: Vec<String> = offset.into_iter().chain(drift).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Runs again, and names the first event that differs.
fn self_check(
    experiment: &Experiment,
    seed: u64,
    fingerprint: Fingerprint,
    events: &[Event],
) -> Result<(), Failure> {
    let (again, events_again) = experiment.strategy.run_observed(&experiment.world(seed));
    let blind = experiment.strategy.run(&experiment.world(seed));
    if again.fingerprint == fingerprint && blind.fingerprint == fingerprint && events == events_again {
        note("self-check: three runs, observed and not, are the same");
        return Ok(());
    }
    let differs = events.iter().zip(&events_again).position(|(first, second)| first != second);
    let message = match differs {
        Some(at) => {
            format!("two runs differ, first at event {at}:\n  {:?}\n  {:?}", events[at], events_again[at])
        }
        None if events.len() == events_again.len() => format!(
            "a run that is observed differs from one that is not: {fingerprint}, {}",
            blind.fingerprint
        ),
        None => format!("one run has {} events, the other {}", events.len(), events_again.len()),
    };
    Err(Failure::Told(Exit::Diverged, message))
}
