//! Time to column and back, and the ticks of the axis.

use anachron_history::TimeUnit;

use super::canvas::Row;
use crate::style::{Ink, Style};

/// A window of time laid over a number of columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// First moment shown.
    pub(crate) start: i64,
    /// Last moment shown; not before `start`.
    pub(crate) end: i64,
    /// How many columns there are; at least one.
    pub(crate) columns: usize,
}

/// How the axis counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AxisUnit {
    /// `ms`, `event`, …
    pub(crate) name: &'static str,
    /// How many units of the history one of these is.
    scale: i64,
}

impl Scale {
    fn span(self) -> i128 {
        (i128::from(self.end) - i128::from(self.start)).max(1)
    }

    /// The column of a moment; moments outside the window go to its nearest edge.
    pub(crate) fn column(self, time: i64) -> usize {
        let columns = i128::try_from(self.columns).expect("a screen is not that wide");
        let column = (i128::from(time) - i128::from(self.start)) * columns / self.span();
        usize::try_from(column.clamp(0, columns - 1)).expect("clamped to the screen")
    }

    /// True if some of `from..=to` is in the window.
    pub(crate) fn shows(self, from: i64, to: i64) -> bool {
        from <= self.end && to >= self.start
    }

    /// The unit that suits the window.
    pub(crate) fn unit(self, unit: TimeUnit) -> AxisUnit {
        let nanoseconds = |name, scale| AxisUnit { name, scale };
        match unit {
            TimeUnit::EventIndex => AxisUnit { name: "event", scale: 1 },
            TimeUnit::Unstated => AxisUnit { name: "time", scale: 1 },
            TimeUnit::Nanoseconds if self.span() >= 20_000_000_000 => nanoseconds("s", 1_000_000_000),
            TimeUnit::Nanoseconds if self.span() >= 500_000 => nanoseconds("ms", 1_000_000),
            TimeUnit::Nanoseconds if self.span() >= 500 => nanoseconds("us", 1_000),
            TimeUnit::Nanoseconds => nanoseconds("ns", 1),
        }
    }

    /// The axis: a tick at every round moment, its number to the right of it.
    pub(crate) fn axis(self, unit: AxisUnit, style: Style) -> Row {
        let mut row = Row::new(self.columns);
        let (step, decimals) = self.step(unit);
        let mut tick = self.start.div_euclid(step).saturating_mul(step);
        while tick <= self.end {
            if tick >= self.start {
                let column = self.column(tick);
                let label = label(tick, unit, decimals);
                // A number that would be cut by the edge is left out with its tick.
                if column + 1 + label.len() <= self.columns {
                    row.put(column, style.glyphs().tick, Ink::Dim);
                    row.write(column + 1, &label, Ink::Dim);
                }
            }
            let Some(next) = tick.checked_add(step) else { break };
            tick = next;
        }
        row
    }

    /// The smallest round step whose labels keep apart, and how many decimals they need.
    fn step(self, unit: AxisUnit) -> (i64, usize) {
        let columns = i128::try_from(self.columns).expect("a screen is not that wide");
        let mut power: i64 = 1;
        loop {
            for digit in [1, 2, 5] {
                let Some(step) = power.checked_mul(digit) else { return (i64::MAX, 0) };
                let decimals = decimals(step, unit.scale);
                let widest =
                    label(self.start, unit, decimals).len().max(label(self.end, unit, decimals).len());
                let room = i128::from(step) * columns / self.span();
                if room >= i128::try_from(widest + 3).expect("labels are short") {
                    return (step, decimals);
                }
            }
            let Some(next) = power.checked_mul(10) else { return (i64::MAX, 0) };
            power = next;
        }
    }
}

/// How many decimals multiples of `step` have in units of `scale` (a power of ten).
fn decimals(step: i64, scale: i64) -> usize {
    let mut decimals = 0;
    let mut scaled = scale;
    while scaled > 1 && step % scaled != 0 {
        scaled /= 10;
        decimals += 1;
    }
    decimals
}

fn label(time: i64, unit: AxisUnit, decimals: usize) -> String {
    let sign = if time < 0 { "-" } else { "" };
    let scale = unit.scale.unsigned_abs();
    let (whole, rest) = (time.unsigned_abs() / scale, time.unsigned_abs() % scale);
    if decimals == 0 {
        return format!("{sign}{whole}");
    }
    let digits = unit.scale.ilog10() as usize;
    let rest = format!("{rest:0digits$}");
    format!("{sign}{whole}.{}", &rest[..decimals])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(start: i64, end: i64, columns: usize, unit: TimeUnit) -> String {
        let scale = Scale { start, end, columns };
        let unit = scale.unit(unit);
        format!(
            "{} {}",
            unit.name,
            scale.axis(unit, Style { ascii: true, ..Style::default() }).render(Style::default())
        )
    }

    #[test]
    fn every_moment_has_a_column_and_the_order_is_kept() {
        let scale = Scale { start: i64::MIN, end: i64::MAX, columns: 60 };
        assert_eq!((scale.column(i64::MIN), scale.column(0), scale.column(i64::MAX)), (0, 30, 59));
        let one = Scale { start: 5, end: 5, columns: 60 };
        assert_eq!((one.column(4), one.column(5), one.column(6)), (0, 0, 59));
    }

    #[test]
    fn ticks_are_round_and_keep_apart() {
        const MS: i64 = 1_000_000;
        let nanos = TimeUnit::Nanoseconds;
        assert_eq!(axis(0, 100 * MS, 50, nanos), "ms |0        |20       |40       |60       |80");
        assert_eq!(axis(70 * MS, 72 * MS, 40, nanos), "ms |70.0     |70.5     |71.0     |71.5");
        assert_eq!(axis(0, 90_000 * MS, 40, nanos), "s |0      |20      |40      |60      |80");
        assert_eq!(axis(0, 900, 40, nanos), "us |0.0    |0.2     |0.4     |0.6     |0.8");
        assert_eq!(axis(0, 400, 40, nanos), "ns |0        |100      |200      |300");
        assert_eq!(
            axis(1, 12, 60, TimeUnit::EventIndex),
            "event |1   |2   |3    |4   |5    |6   |7    |8   |9    |10  |11"
        );
        assert_eq!(axis(-20, 20, 41, TimeUnit::Unstated), "time |-20      |-10      |0        |10");
    }
}
