//! Dunlin reminds customers of unpaid invoices.
//!
//! The map of the house: the layers in order of dependency. Each names only those above it, and `tests/architecture`
//! keeps it so.

/// The time, ids and secrets, real and settable.
pub mod clock;

/// The environment as a typed configuration.
pub mod config;

/// What an invoice, a customer, a reminder *is*: pure.
pub mod domain;

/// The only place that knows diesel: takes and returns domain types.
pub mod store;

/// The only place that knows lettre: turns a mail into an outcome.
pub mod mail;

/// One use case a file: every write is a verb here.
pub mod actions;

/// The machine's door: drives the outbox.
pub mod worker;

/// What the doors are made of: routes, each with what it asks of who uses it.
pub mod routes;

/// The person's door: pages and fragments.
pub mod web;

/// The program's door: JSON.
pub mod api;

/// Puts both doors into one App.
pub mod server;

/// What a process stands on: data folder, key, clock, database, verbs.
pub mod process;

/// The commands' flags.
pub mod cli;

/// What each command does.
pub mod commands;
