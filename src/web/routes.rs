//! The pages' addresses, what each asks for, and which handler answers: the one table of who may do what in a browser.

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};

use super::session::{SignedIn, is_htmx, is_same_origin, state_of};
use super::{
    WebError, api_keys, batch_page, carried, closing, current_organisation, customer_edit, customers,
    email_notifications, frame, holds, imports, invitations, invoice, invoice_selections, invoices,
    lost_factors, mail_previews, password_resets, payments, profile, proposed_mails, reminder,
    reminder_batches, reminder_proposals, reminders, sending, settings, setup, sign_in, suppressions,
    two_factor, unconfirmed, users,
};
use crate::domain::person::Permission::{
    CancelReminder, ChangeInvoice, ChangeSettings, EditCustomer, EditTemplates, Hold, Import, ManageApiKeys,
    ManageUsers, PauseSending, Read, ResendReminder, SendReminder, SettleUnconfirmed,
};
use crate::routes::Access::{self, Anyone, May};
use crate::routes::{Door, Routes};

/// Ten thousand invoices with what was shown of each.
const LARGE: usize = 4 * 1024 * 1024;

/// All of them. Everybody may read, so `May(Read)` is also what one's own things ask for.
#[rustfmt::skip]
pub fn routes() -> Routes<Pages> {
    Routes::of(Pages)
        .get("/", May(Read), async || frame::see_other("/invoices"))
        .get("/sign-in", Anyone, sign_in::new)
        .post("/sign-in", Anyone, sign_in::create)
        .post("/sign-in/code", Anyone, sign_in::check_code)
        .post("/sign-out", May(Read), sign_in::delete)
        .post("/current-organisation", May(Read), current_organisation::update)
        .post("/theme", May(Read), sign_in::theme)
        .post("/single-keys", May(Read), sign_in::single_keys)
        .get("/setup", Anyone, setup::new)
        .post("/setup", Anyone, setup::create)
        .get("/password-resets", Anyone, password_resets::new)
        .post("/password-resets", Anyone, password_resets::create)
        .get("/password-resets/{token}", Anyone, password_resets::edit)
        .post("/password-resets/{token}", Anyone, password_resets::update)
        .get("/invitations/{token}", Anyone, invitations::show)
        .post("/invitations/{token}", Anyone, invitations::create)
        .post("/invitations/{token}/acceptance", May(Read), invitations::join)
        // The ledger.
        .get("/invoices", May(Read), invoices::index)
        .get("/invoices/{id}", May(Read), invoice::show)
        .get("/invoices/{id}/archive/edit", May(ChangeInvoice), closing::ask_archive)
        .post("/invoices/{id}/archive", May(ChangeInvoice), closing::archive)
        .post("/invoices/{id}/unarchive", May(ChangeInvoice), closing::unarchive)
        .get("/invoices/{id}/void/edit", May(ChangeInvoice), closing::ask_void)
        .post("/invoices/{id}/void", May(ChangeInvoice), closing::void)
        .get("/invoices/{id}/full-payment/edit", May(ChangeInvoice), closing::ask_full_payment)
        .post("/invoices/{id}/full-payment", May(ChangeInvoice), closing::pay_in_full)
        .get("/invoices/{id}/payments/new", May(ChangeInvoice), payments::new)
        .post("/invoices/{id}/payments", May(ChangeInvoice), payments::create)
        .get("/invoices/{id}/hold/edit", May(Hold), holds::ask_invoice)
        .post("/invoices/{id}/hold", May(Hold), holds::hold_invoice)
        .post("/invoices/{id}/hold/lifting", May(Hold), holds::release_invoice)
        .get("/customers", May(Read), customers::index)
        .get("/customers/{id}", May(Read), customers::show)
        .post("/customers/{id}", May(EditCustomer), customer_edit::update)
        .get("/customers/{id}/edit", May(EditCustomer), customer_edit::edit)
        .get("/customers/{id}/hold/edit", May(Hold), holds::ask_customer)
        .post("/customers/{id}/hold", May(Hold), holds::hold_customer)
        .post("/customers/{id}/hold/lifting", May(Hold), holds::release_customer)
        .get("/imports", May(Import), imports::index)
        .post("/imports", May(Import), imports::check)
        .post("/imports/sample", May(Import), imports::sample)
        .get("/imports/{id}", May(Import), imports::show)
        .post("/imports/{id}/write", May(Import), imports::write)
        // From the selection to the log.
        .post("/invoice-selections", May(SendReminder), invoice_selections::create)
        .post("/reminder-proposals", May(SendReminder), reminder_proposals::create).of_up_to(LARGE)
        .post("/proposed-mails", May(ResendReminder), proposed_mails::create).of_up_to(LARGE)
        .post("/reminder-batches", May(SendReminder), reminder_batches::create).of_up_to(LARGE)
        .get("/reminder-batches/{id}", May(Read), batch_page::show)
        .post("/reminder-batches/{id}/cancellation", May(CancelReminder), reminder_batches::cancel)
        .post("/reminder-batches/{id}/retries", May(ResendReminder), reminder_batches::retry).of_up_to(LARGE)
        .post("/reminder-batches/{id}/confirmation", May(SettleUnconfirmed), unconfirmed::mark_batch_as_sent)
        .post("/reminder-batches/{id}/repetition", May(SettleUnconfirmed), unconfirmed::send_batch_again)
        .post("/reminder-batches/{id}/resumption", May(SendReminder), sending::resume_batch)
        .get("/mail-previews/{id}", May(Read), mail_previews::show)
        .get("/mail-previews/{id}/html", May(Read), mail_previews::html)
        .get("/reminders", May(Read), reminders::index)
        .get("/reminders.csv", May(Read), reminders::export)
        .get("/reminders/{id}", May(Read), reminder::show)
        .get("/reminders/{id}/html", May(Read), reminder::html)
        .get("/reminders/{id}/source", May(Read), reminder::source)
        .post("/reminders/{id}/resends", May(ResendReminder), reminder::resend)
        .post("/reminders/{id}/cancellation", May(CancelReminder), reminder::cancel)
        .post("/reminders/{id}/confirmation", May(SettleUnconfirmed), unconfirmed::mark_as_sent)
        .post("/reminders/{id}/repetition", May(SettleUnconfirmed), unconfirmed::send_again)
        .get("/suppressions", May(Read), suppressions::index)
        .post("/suppressions", May(Hold), suppressions::create)
        .post("/suppressions/{id}/lifting", May(Hold), suppressions::lift)
        // The texts.
        .get("/automations/email-notifications", May(Read), email_notifications::index)
        .get("/automations/email-notifications/{slug}", May(Read), email_notifications::editor::show)
        .post("/automations/email-notifications/{slug}/versions", May(EditTemplates), email_notifications::editor::publish)
        .post("/automations/email-notifications/{slug}/drafts", May(EditTemplates), email_notifications::editor::save_draft)
        .post("/automations/email-notifications/{slug}/discarded-drafts", May(EditTemplates), email_notifications::editor::discard_draft)
        .post("/automations/email-notifications/{slug}/resets", May(EditTemplates), email_notifications::editor::reset)
        .post("/automations/email-notifications/{slug}/test-mails", May(EditTemplates), email_notifications::editor::send_test)
        .post("/automations/email-notifications/{slug}/previews", May(Read), email_notifications::editor::preview)
        .get("/automations/email-notifications/{slug}/preview", May(Read), email_notifications::preview::document)
        .get("/automations/email-notifications/{slug}/history", May(Read), email_notifications::history::show)
        .post("/automations/email-notifications/{slug}/restorations", May(EditTemplates), email_notifications::history::restore)
        // Settings.
        .get("/settings/api-keys", May(ManageApiKeys), api_keys::index)
        .post("/settings/api-keys", May(ManageApiKeys), api_keys::create)
        .get("/settings/api-keys/{id}/revocation/edit", May(ManageApiKeys), api_keys::ask)
        .post("/settings/api-keys/{id}/revocation", May(ManageApiKeys), api_keys::revoke)
        .get("/settings/organisation", May(ChangeSettings), settings::organisation::show)
        .post("/settings/organisation", May(ChangeSettings), settings::organisation::update)
        .get("/settings/organisation/logo", May(ChangeSettings), settings::logo::show)
        .post("/settings/organisation/logo", May(ChangeSettings), settings::logo::update)
        .post("/settings/organisation/logo/removal", May(ChangeSettings), settings::logo::remove)
        .get("/settings/sender", May(ChangeSettings), settings::sender::show)
        .post("/settings/sender", May(ChangeSettings), settings::sender::update)
        .get("/settings/mail-server", May(ChangeSettings), settings::mail_server::show)
        .post("/settings/mail-server/test-mails", May(ChangeSettings), settings::mail_server::send_test)
        .get("/settings/audit-log", May(ChangeSettings), settings::audit_log::show)
        .get("/settings/audit-log.csv", May(ChangeSettings), settings::audit_log::export)
        .get("/settings/data", May(ChangeSettings), settings::data::show)
        .post("/settings/data/backups", May(ChangeSettings), settings::data::back_up)
        .post("/settings/data/invoices", May(ChangeSettings), settings::data::invoices)
        .post("/settings/data/reminders", May(ChangeSettings), settings::data::reminders)
        .get("/settings/sending", May(PauseSending), sending::show)
        .post("/settings/sending/pause", May(PauseSending), sending::pause)
        .post("/settings/sending/resumption", May(PauseSending), sending::resume)
        .get("/settings/users", May(ManageUsers), users::index)
        .post("/settings/users/{id}/role", May(ManageUsers), users::change_role)
        .post("/settings/users/{id}/disabling", May(ManageUsers), users::disable)
        .post("/settings/users/{id}/enabling", May(ManageUsers), users::enable)
        .get("/settings/users/{id}/two-factor/removal/edit", May(ManageUsers), lost_factors::ask)
        .post("/settings/users/{id}/two-factor/removal", May(ManageUsers), lost_factors::remove)
        .post("/settings/invitations", May(ManageUsers), users::invite)
        .post("/settings/invitations/{id}/resending", May(ManageUsers), users::resend)
        .post("/settings/invitations/{id}/withdrawal", May(ManageUsers), users::withdraw)
        .post("/settings/two-factor", May(ManageUsers), users::require_two_factor)
        .get("/settings/profile", May(Read), profile::show)
        .post("/settings/profile/name", May(Read), profile::rename)
        .post("/settings/profile/password", May(Read), profile::change_password)
        .post("/settings/profile/ended-sessions", May(Read), profile::end_sessions)
        .get("/settings/profile/two-factor", May(Read), two_factor::show)
        .post("/settings/profile/two-factor", May(Read), two_factor::confirm)
        .post("/settings/profile/two-factor/removal", May(Read), two_factor::remove)
        .post("/settings/profile/two-factor/recovery-codes", May(Read), two_factor::renew_codes)
}

/// What somebody can do who is still to set up the second factor that their organisation asks for.
fn is_open_without_factor(path: &str) -> bool {
    ["/settings/profile/two-factor", "/current-organisation", "/sign-out", "/theme"].contains(&path)
}

/// No browser packs a form, and unpacking one takes a thousand times its room before a limit is looked at.
fn packed() -> WebError {
    WebError::BadRequest("The form is packed. Send it as it is, without a Content-Encoding.".to_owned())
}

/// The person's door.
pub struct Pages;

impl Door for Pages {
    async fn admit(request: &mut ServiceRequest, access: Access) -> Result<(), Error> {
        let changes = !request.method().is_safe();
        if changes && !is_same_origin(request.request()) {
            return Err(WebError::ForeignForm.into());
        }
        if changes && request.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(packed().into());
        }
        let May(permission) = access else {
            if changes {
                state_of(request.request())?.rates.count_stranger(request.request())?;
            }
            return Ok(());
        };
        let person = match SignedIn::of(request.request()).await {
            Ok(person) => person,
            Err(refusal) => return Err(carried::or_refused(request, refusal).await.into()),
        };
        if changes {
            person.state.rates.count_person(person.user.id)?;
        }
        let owes_factor = person.second_factor.is_required && !person.second_factor.is_on;
        if owes_factor && !is_open_without_factor(request.path()) {
            return Err(WebError::SecondFactorFirst { is_htmx: is_htmx(request.request()) }.into());
        }
        if !person.user.may(permission) {
            return Err(WebError::Forbidden(person.organisation.name.clone()).into());
        }
        // Not before: a session goes on only with an answer of the page itself.
        person.renew_with_role(request.request()).await?;
        request.extensions_mut().insert(person);
        Ok(())
    }

    fn no_such_method(_: &HttpRequest, allowed: &str) -> HttpResponse {
        let mut answer = WebError::NoSuchMethod.error_response();
        if let Ok(allowed) = header::HeaderValue::from_str(allowed) {
            answer.headers_mut().insert(header::ALLOW, allowed);
        }
        answer
    }
}
