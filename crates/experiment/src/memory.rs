//! How much memory there is to use.
//!
//! Why it exists: running out of memory must be *undecided* and never a kill, so the search's tables need a limit that is
//! below every limit that somebody else enforces: the machine's free memory, the control groups that a container is made
//! of (versions 1 and 2, at every level up to the root), and the limits of this process (`ulimit -v`, `ulimit -d`).
//!
//! What it promises: no more than each of them leaves right now. Pages of files that the kernel only keeps because
//! nobody else wants the memory count as free. Where the system says nothing (another system than Linux), 4 GiB.

use std::path::Path;

/// Where the system says nothing.
const UNTOLD: usize = 4 << 30;

/// The memory that is free to use, in bytes.
pub fn free_memory() -> usize {
    free(&read)
}

/// The memory that this process can have at all before somebody ends it, in bytes; `usize::MAX` without a limit. What
/// other processes of the machine need is not counted: more than is free is slow, but no end.
pub fn most_memory() -> usize {
    allowed(&read).unwrap_or(usize::MAX)
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Answers the text of a file, if there is one.
type Files<'a> = &'a dyn Fn(&str) -> Option<String>;

fn free(files: Files<'_>) -> usize {
    let machine = files("/proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"));
    machine.unwrap_or(UNTOLD).min(allowed(files).unwrap_or(usize::MAX))
}

/// What limits on this process and its groups leave, if there are any.
fn allowed(files: Files<'_>) -> Option<usize> {
    of_groups(files).into_iter().chain(of_process(files)).min()
}

/// A line such as `VmSize:   12345 kB`.
fn kilobytes(text: &str, name: &str) -> Option<usize> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<usize>().ok()?.checked_mul(1024)
}

/// What the limits on address space and data leave: those that `ulimit` sets.
fn of_process(files: Files<'_>) -> Option<usize> {
    let limits = files("/proc/self/limits")?;
    let status = files("/proc/self/status").unwrap_or_default();
    [("Max address space", "VmSize:"), ("Max data size", "VmData:")]
        .into_iter()
        .filter_map(|(limit, used)| {
            let rest = limits.lines().find_map(|line| line.strip_prefix(limit))?;
            // `unlimited` is no number.
            let limit = rest.split_whitespace().next()?.parse::<usize>().ok()?;
            Some(limit.saturating_sub(kilobytes(&status, used).unwrap_or(0)))
        })
        .min()
}

/// What the control groups leave. `/proc/self/cgroup` names ours, from the root of what this process sees or from the
/// machine's own, which it may not see: so every folder above the one that is named is looked at as well.
fn of_groups(files: Files<'_>) -> Option<usize> {
    let groups = files("/proc/self/cgroup").unwrap_or_default();
    let mut least: Option<usize> = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (root, limit, used) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max", "memory.current")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
        } else {
            continue;
        };
        for folder in Path::new(path).ancestors() {
            let folder = format!("{root}{}", folder.display());
            let folder = folder.trim_end_matches('/');
            let bytes = |name: &str| files(&format!("{folder}/{name}"))?.trim().parse::<usize>().ok();
            // The word `max` stands for no limit, and is no number; version 1 says it with a number that is too great.
            let Some(limit) = bytes(limit) else { continue };
            let stat = files(&format!("{folder}/memory.stat")).unwrap_or_default();
            let idle = ["inactive_file ", "total_inactive_file "]
                .into_iter()
                .filter_map(|name| stat.lines().find_map(|line| line.strip_prefix(name)))
                .find_map(|number| number.trim().parse::<usize>().ok());
            let used = bytes(used).unwrap_or(0).saturating_sub(idle.unwrap_or(0));
            let left = limit.saturating_sub(used);
            least = Some(least.map_or(left, |least| least.min(left)));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEGABYTE: usize = 1 << 20;
    const MEMINFO: (&str, &str) =
        ("/proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1024 kB\nMemAvailable: 8388608 kB\n");
    const UNLIMITED: (&str, &str) = (
        "/proc/self/limits",
        "Limit  Soft Limit  Hard Limit  Units\nMax data size unlimited unlimited bytes\nMax address space unlimited unlimited bytes\n",
    );

    fn megabytes(files: &[(&str, &str)]) -> usize {
        let find =
            |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        free(&find) / MEGABYTE
    }

    #[test]
    fn a_machine_without_limits_has_what_it_calls_available() {
        assert_eq!(megabytes(&[MEMINFO, UNLIMITED, ("/proc/self/cgroup", "0::/\n")]), 8192);
        assert_eq!(megabytes(&[]), UNTOLD / MEGABYTE);
    }

    #[test]
    fn a_container_has_what_its_group_leaves() {
        // A name space of its own: the group is the root.
        let own = [
            MEMINFO,
            UNLIMITED,
            ("/proc/self/cgroup", "0::/\n"),
            ("/sys/fs/cgroup/memory.max", "536870912\n"),
            ("/sys/fs/cgroup/memory.current", "209715200\n"),
            ("/sys/fs/cgroup/memory.stat", "anon 5\ninactive_file 104857600\n"),
        ];
        assert_eq!(megabytes(&own), 512 - 100);
        // The machine's name, of which only the root can be seen.
        let foreign = [MEMINFO, ("/proc/self/cgroup", "0::/docker/abc\n"), own[3], own[4]];
        assert_eq!(megabytes(&foreign), 512 - 200);
        // A group without a limit in one that has one.
        let nested = [
            MEMINFO,
            ("/proc/self/cgroup", "0::/user/shell\n"),
            ("/sys/fs/cgroup/user/shell/memory.max", "max\n"),
            ("/sys/fs/cgroup/user/memory.max", "1073741824\n"),
            ("/sys/fs/cgroup/user/memory.current", "1073741824\n"),
        ];
        assert_eq!(megabytes(&nested), 0);
    }

    #[test]
    fn control_groups_of_version_1_count_too() {
        let files = [
            MEMINFO,
            ("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n"),
            ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "268435456\n"),
            ("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "0\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(megabytes(&files), 256);
    }

    #[test]
    fn a_shell_may_set_a_limit() {
        let limits = "Max data size             unlimited            unlimited            bytes\n\
                      Max address space         419430400            unlimited            bytes\n";
        let files = [MEMINFO, ("/proc/self/limits", limits), ("/proc/self/status", "VmSize:\t  102400 kB\n")];
        assert_eq!(megabytes(&files), 300);
    }
}
