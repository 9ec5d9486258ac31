//! `anachron verify`: a certificate re-checked against its history.
//!
//! The search has no part in this: orders and cores are replayed by [`verify`](anachron_checker::verify) alone.

use std::path::Path;

use anachron_checker::Decision;
use anachron_report::number::count;
use anachron_report::{jsonl, text, verdict};

use super::check::read;
use super::paragraph;
use crate::args::VerifyArgs;
use crate::exit::{Exit, Failure, why};
use crate::interrupt::at_the_mercy_of;
use crate::output::Output;
use crate::progress::Progress;
use crate::source::quoted_file;
use anachron_report::certificate::{Certificate, Proven};

/// Reads both files, re-checks, and says what was proven.
pub(crate) fn verify(args: &VerifyArgs, output: &mut Output) -> Result<Exit, Failure> {
    let style = output.style;
    if args.expect.is_some_and(|expected| expected.kind.is_some()) {
        return Err(Failure::usage("a certificate proves a verdict, not its kind: name the verdict alone"));
    }
    let name = quoted_file(&args.certificate, style);
    let certificate = load(&args.certificate, &name, output)?;
    let parsed = read(&args.history, &quoted_file(&args.history, style), args.input_format, output)?;
    let progress = Progress::start(&format!("re-checking {name}"), style);
    // Nothing here can be asked to stop, and nothing would be lost.
    let proven = at_the_mercy_of(|| certificate.prove(&parsed.history));
    drop(progress);

    let told = Told { args, certificate: &certificate, proven: &proven };
    output.text(&told.text(output))?;
    told.object(output)?;
    Ok(match &proven {
        Err(_) => Exit::Violation,
        Ok(Proven { open: Some(_), .. }) => match args.expect {
            Some(expected) if expected.decision == Decision::Undecided => Exit::Fine,
            _ => Exit::Undecided,
        },
        Ok(_) => match args.expect {
            Some(expected) if expected.decision != certificate.verdict() => Exit::Violation,
            _ => Exit::Fine,
        },
    })
}

fn load(path: &Path, name: &str, output: &mut Output) -> Result<Certificate, Failure> {
    let shown = path.display().to_string();
    let bytes = match at_the_mercy_of(|| std::fs::read(path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            output.object(|| jsonl::error(&shown, None, &why(&error)))?;
            return Err(Failure::unreadable(path, &error));
        }
    };
    match Certificate::read(&bytes) {
        Ok(certificate) => Ok(certificate),
        Err(said) => {
            output.object(|| jsonl::error(&shown, None, &said))?;
            Err(Failure::usage(format!("{name}: {said}")))
        }
    }
}

/// What came out.
struct Told<'a> {
    args: &'a VerifyArgs,
    certificate: &'a Certificate,
    proven: &'a Result<Proven, String>,
}

impl Told<'_> {
    /// For people.
    fn text(&self, output: &Output) -> String {
        let style = output.style;
        let claim = self.certificate.verdict().to_string();
        let signs = if style.ascii { ["OK", "X"] } else { ["✓", "✗"] };
        let (head, reason) = match self.proven {
            Err(why) => (format!("{} not proven: {claim}", signs[1]), why.clone()),
            Ok(Proven { open: Some(why), .. }) => {
                (format!("? not proven, not refuted: {claim}"), why.clone())
            }
            Ok(proven) => {
                let mut said = Vec::new();
                if proven.orders > 0 {
                    let objects = count(proven.orders as u64, "object");
                    said.push(format!("one order re-checked for {objects}"));
                }
                if let Some((name, operations)) = proven.cores.first() {
                    let of = if name.is_empty() {
                        String::new()
                    } else {
                        format!(" of {}", text::safe(name, style))
                    };
                    let cores = proven.cores.len() as u64 - 1;
                    let more = if cores > 0 {
                        format!(" and {}", count(cores, "other core"))
                    } else {
                        String::new()
                    };
                    let operations = count(*operations as u64, "operation");
                    said.push(format!("a core{of} of {operations}{more} re-checked"));
                }
                (format!("{} proven: {claim}", signs[0]), said.join("; "))
            }
        };
        let foot = [
            format!("model {}", self.certificate.model()),
            count(self.certificate.objects() as u64, "object"),
            format!("certificate {}", quoted_file(&self.args.certificate, style)),
            format!("history {}", quoted_file(&self.args.history, style)),
        ];
        let reason = if reason.is_empty() { String::new() } else { paragraph("  ", &reason, style) };
        format!("{}\n{reason}{}", text::sentence(&head, style), verdict::footer(&foot, style))
    }

    /// For programs.
    fn object(&self, output: &mut Output) -> Result<(), Failure> {
        let (proven, orders, cores, why) = match self.proven {
            Err(why) => (Some(false), 0, 0, Some(why)),
            Ok(proven) => {
                let is_open = proven.open.is_some();
                ((!is_open).then_some(true), proven.orders, proven.cores.len(), proven.open.as_ref())
            }
        };
        output.object(|| {
            jsonl::certified(&jsonl::Certified {
                file: &self.args.certificate.display().to_string(),
                history: &self.args.history.display().to_string(),
                model: self.certificate.model().name(),
                verdict: self.certificate.verdict().name(),
                proven,
                orders,
                cores,
                why: why.map(String::as_str),
            })
        })?;
        Ok(())
    }
}
