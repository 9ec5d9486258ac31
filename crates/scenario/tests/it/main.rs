//! The format as people meet it: the catalogue's files, mistakes and what is said about them, the published schema.

mod catalogue;
mod mistakes;
mod schema;
mod validator;
