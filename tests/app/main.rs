//! The program through its doors: pages, API, commands, mails.

mod email_notifications;
mod import_command;
mod imports;
mod support;
