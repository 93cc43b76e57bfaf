//! The program through its doors: pages, API, commands, mails.

mod import_command;
mod imports;
mod support;
