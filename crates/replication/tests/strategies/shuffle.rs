//! A small random world: every step is one command of the scripted driver, drawn from what is possible now.
