//! The format as people meet it: the catalogue's files, and mistakes with what is said about them.

#![allow(clippy::disallowed_methods)] // tests read the files that they are about

mod catalogue;
mod mistakes;
