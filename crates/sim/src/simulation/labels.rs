//! How requests and answers read in a trace.

use anachron_node::{Answer, Request, RequestId};
use anachron_vocabulary::Reply;

use crate::World;

pub(super) fn request_label(world: &World, request: &Request) -> String {
    let Request { id, key, operation } = request;
    let key = world.keys.get(key.index()).map_or("probe", String::as_str);
    let words = operation.arguments_shown(ToString::to_string);
    format!("{} {key}{words} (request {})", operation.name(), id.serial)
}

pub(super) fn answer_label(to: RequestId, answer: &Answer) -> String {
    let what = match answer {
        Answer::Ok(Reply::Done) => "ok".to_owned(),
        Answer::Ok(Reply::Value(value)) => format!("ok {value}"),
        Answer::Ok(Reply::Answer(swapped)) => format!("ok {swapped}"),
        Answer::Refused(why) => format!("refused: {why}"),
        Answer::Unknown => "can't tell".to_owned(),
    };
    format!("{what} (request {})", to.serial)
}
