//! Distributions that make sense.

use super::check::Check;
use crate::Latency;
use crate::path::Path;

/// Notes what is wrong with a distribution's parameters.
pub(crate) fn check(check: &mut Check<'_>, path: &Path, latency: &Latency) {
    match latency {
        Latency::Uniform { low, high } if low > high => {
            let message = format!("`low` ({low}) is above `high` ({high})");
            check.error(&path.field("uniform").field("low"), message);
        }
        Latency::Pareto { minimum, .. } => {
            check.positive(&path.field("pareto").field("minimum"), *minimum);
        }
        Latency::Mixture(parts) => {
            let path = path.field("mixture");
            let total: u64 = parts.iter().map(|(weight, _)| u64::from(*weight)).sum();
            if total == 0 {
                check.error(&path, "expected at least one distribution with a weight above zero");
            } else if u32::try_from(total).is_err() {
                check.error(&path, format!("the weights add up to more than {}", u32::MAX));
            }
            for (index, (_, part)) in parts.iter().enumerate() {
                let path = path.index(index).field("latency");
                if holds_mixture(part) {
                    check.error(&path, "a mixture holds no other mixture; multiply the weights instead");
                }
                self::check(check, &path, part);
            }
        }
        Latency::Shifted { rest, .. } => {
            self::check(check, &path.field("shifted").field("latency"), rest);
        }
        Latency::Uniform { .. }
        | Latency::Constant(_)
        | Latency::Exponential { .. }
        | Latency::LogNormal { .. } => {}
    }
}

fn holds_mixture(latency: &Latency) -> bool {
    match latency {
        Latency::Mixture(_) => true,
        Latency::Shifted { rest, .. } => holds_mixture(rest),
        _ => false,
    }
}
