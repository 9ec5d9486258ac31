//! A latency as it is written: `"2ms"`, or an object that names a distribution.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::unions::{no_more, only_key};
use crate::quantity::DurationText;
use crate::{Fraction, Latency};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Constant,
    Uniform,
    Exponential,
    LogNormal,
    Pareto,
    Mixture,
    Shifted,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Uniform {
    low: DurationText,
    high: DurationText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exponential {
    mean: DurationText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogNormal {
    median: DurationText,
    sigma: Fraction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pareto {
    minimum: DurationText,
    shape: Fraction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    weight: u32,
    latency: Latency,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shifted {
    by: DurationText,
    latency: Latency,
}

struct LatencyVisitor;

impl<'de> Visitor<'de> for LatencyVisitor {
    type Value = Latency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"2ms\", or a distribution such as {\"uniform\": {\"low\": \"1ms\", \"high\": \"3ms\"}}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Latency, E> {
        let duration: DurationText = text.parse().map_err(E::custom)?;
        Ok(Latency::Constant(duration.0))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Latency, A::Error> {
        let latency = match only_key(&mut map)? {
            Kind::Constant => Latency::Constant(map.next_value::<DurationText>()?.0),
            Kind::Uniform => {
                let Uniform { low, high } = map.next_value()?;
                Latency::Uniform { low: low.0, high: high.0 }
            }
            Kind::Exponential => Latency::Exponential { mean: map.next_value::<Exponential>()?.mean.0 },
            Kind::LogNormal => {
                let LogNormal { median, sigma } = map.next_value()?;
                Latency::LogNormal { median: median.0, sigma }
            }
            Kind::Pareto => {
                let Pareto { minimum, shape } = map.next_value()?;
                Latency::Pareto { minimum: minimum.0, shape }
            }
            Kind::Mixture => {
                let parts: Vec<Part> = map.next_value()?;
                Latency::Mixture(parts.into_iter().map(|part| (part.weight, part.latency)).collect())
            }
            Kind::Shifted => {
                let Shifted { by, latency } = map.next_value()?;
                Latency::Shifted { by: by.0, rest: Box::new(latency) }
            }
        };
        no_more(&mut map)?;
        Ok(latency)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LatencyVisitor)
    }
}
