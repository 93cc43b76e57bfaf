//! What an invoice, a customer, a reminder *is*. Pure: no I/O, no async, no SQL, no pages; time and ids are arguments.

pub mod api_key;
pub mod confirmation;
pub mod customer;
pub mod delivery;
pub mod email;
pub mod email_address;
pub mod hold;
pub mod ids;
pub mod instance;
pub mod invoice;
pub mod invoice_list;
pub mod ledger;
pub mod mail_message;
pub mod mail_target;
pub mod money;
pub(crate) mod named;
pub mod organisation;
pub mod pace;
pub mod payment;
pub mod person;
pub mod proposal;
pub mod reminder;
pub mod stage;
pub mod suppression;
pub mod text;
pub mod visitor;
