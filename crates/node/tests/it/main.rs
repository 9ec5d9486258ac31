//! The scripted driver, run with a replica so small that its whole behaviour can be read here.

mod driver;
mod echo;
