//! The program through its doors: pages, API, commands, mails, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "the environment says which servers and files there are to test with"
)]

mod api;
mod api_batches;
mod api_closing;
mod api_customers;
mod api_foreign;
mod api_holds;
mod api_idempotency;
mod api_invoices;
mod api_keys;
mod api_once;
mod api_own_words;
mod api_reminders;
mod api_requests;
mod api_serving;
mod api_suppressions;
mod audit_log;
mod backup;
mod carried;
mod clones;
mod commands;
mod customers;
mod delivery;
mod email_notifications;
mod figures;
mod full_mailboxes;
mod holding;
mod hostile;
mod import_command;
mod imports;
mod invitations;
mod keeping;
mod languages;
mod letterhead;
mod limits;
mod logs;
mod lost_factors;
mod metrics;
mod openapi;
mod organisations;
mod pages;
mod password_resets;
mod pausing;
mod payments;
mod people;
mod profile;
mod racing;
mod readme;
mod relay;
mod roles;
mod selection;
mod sending;
mod serving;
mod settings;
mod support;
mod taking_out;
mod troubles;
mod two_factor;
mod unconfirmed;
mod users;
mod visitors;
mod voiding;
