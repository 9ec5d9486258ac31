//! How requests and answers read in a trace.

use anachron_node::{Answer, Request, RequestId};
use anachron_vocabulary::{Operation, Reply};

use crate::World;

pub(super) fn request_label(world: &World, request: &Request) -> String {
    let Request { id, key, operation } = request;
    let key = world.keys.get(key.index()).map_or("probe", String::as_str);
    let words = match operation {
        Operation::Write(value) | Operation::Append(value) => format!(" {value}"),
        Operation::CompareAndSet { expected, new } => format!(" {expected} {new}"),
        Operation::Read | Operation::Acquire | Operation::Release => String::new(),
    };
    format!("{} {key}{words} (request {})", operation.name(), id.serial)
}

pub(super) fn answer_label(to: RequestId, answer: &Answer) -> String {
    let what = match answer {
        Answer::Ok(Reply::Done) => "ok".to_owned(),
        Answer::Ok(Reply::Value(value)) => format!("ok {value}"),
        Answer::Ok(Reply::Swapped(swapped)) => format!("ok {swapped}"),
        Answer::Refused(why) => format!("refused: {why}"),
        Answer::Unknown => "can't tell".to_owned(),
    };
    format!("{what} (request {})", to.serial)
}
