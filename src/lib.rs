//! Dunlin reminds customers of unpaid invoices. The layers, each of which names only those above it:

/// One use case a file: every write is a verb here.
pub mod actions;
/// The program's door: JSON.
pub mod api;
/// The commands' flags.
pub mod cli;
/// The time and ids, real and settable.
pub mod clock;
/// What each command does.
pub mod commands;
/// The environment as a typed configuration.
pub mod config;
/// What an invoice, a customer, a reminder *is*: pure.
pub mod domain;
/// The only place that knows lettre: turns a mail into an outcome.
pub mod mail;
/// What a process stands on: data folder, key, clock, database, verbs.
pub mod process;
/// Puts both doors into one App.
pub mod server;
/// The only place that knows diesel: takes and returns domain types.
pub mod store;
/// The person's door: pages and fragments.
pub mod web;
/// The machine's door: drives the outbox.
pub mod worker;
