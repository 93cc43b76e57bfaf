//! The texts that an organisation starts with, and that "Reset to default" brings back.

mod french;
mod german;
mod spanish;

use super::TemplateText;
use crate::domain::language::Language;
use crate::domain::stage::Stage;

/// A template of every organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its place in addresses.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What uses it, as a sentence.
    pub used_by: &'static str,
    /// The stage it is the text of; `None` for the default.
    pub stage: Option<Stage>,
    subject: &'static str,
    message: &'static str,
}

impl BuiltIn {
    /// The template of bulk sending.
    pub const DEFAULT_SLUG: &'static str = "invoice-reminder";

    /// Every template, the default first.
    pub const ALL: [Self; 6] = [
        Self {
            slug: Self::DEFAULT_SLUG,
            name: "Invoice reminder (default)",
            used_by: "Used when you send reminders from the Invoices page.",
            stage: None,
            subject: "{% if invoice.is_overdue %}Overdue: invoice {{ invoice.number }}{% else %}Invoice {{ invoice.number }}, due {{ invoice.due_on }}{% endif %}",
            message: "Hello {{ customer.name }},\n\n\
                {% if invoice.is_overdue %}our records show that invoice **{{ invoice.number }}** was due on {{ invoice.due_on }} and that **{{ invoice.balance }}** is still open.{% else %}this is a reminder that invoice **{{ invoice.number }}** over **{{ invoice.balance }}** is due on {{ invoice.due_on }}.{% endif %}\n\
                {% if invoice.is_part_paid %}Thank you for what you have paid already.{% endif %}\n\n\
                {% if invoice.is_overdue %}Please pay it in the next days, or tell us if something keeps you from doing so. If you have paid already, thank you, and please disregard this message.{% else %}If you have arranged the payment already, thank you. There is nothing more to do.{% endif %}\n\n\
                Kind regards,\n{{ organisation.name }}\n",
        },
        Self {
            slug: "one-week-before",
            name: "One week before",
            used_by: "Used for reminders by the API, three or more days before the due day.",
            stage: Some(Stage::OneWeekBefore),
            subject: "Invoice {{ invoice.number }} is due on {{ invoice.due_on }}",
            message: "Hello {{ customer.name }},\n\n\
                a friendly word in good time: invoice **{{ invoice.number }}** over **{{ invoice.balance }}** is due on {{ invoice.due_on }}.\n\n\
                If it is on its way already, thank you. There is nothing more to do.\n\n\
                Kind regards,\n{{ organisation.name }}\n",
        },
        Self {
            slug: "two-days-before",
            name: "Two days before",
            used_by: "Used for reminders by the API, one or two days before the due day.",
            stage: Some(Stage::TwoDaysBefore),
            subject: "Invoice {{ invoice.number }} is due soon",
            message: "Hello {{ customer.name }},\n\n\
                invoice **{{ invoice.number }}** over **{{ invoice.balance }}** is due on {{ invoice.due_on }}.\n\n\
                If the payment is arranged, thank you. If you have a question about the invoice, just answer this mail.\n\n\
                Kind regards,\n{{ organisation.name }}\n",
        },
        Self {
            slug: "on-due-date",
            name: "On the due day",
            used_by: "Used for reminders by the API, on the due day.",
            stage: Some(Stage::OnDueDate),
            subject: "Invoice {{ invoice.number }} is due today",
            message: "Hello {{ customer.name }},\n\n\
                invoice **{{ invoice.number }}** over **{{ invoice.balance }}** is due today, {{ invoice.due_on }}.\n\n\
                If you have paid it already, thank you, and please disregard this message.\n\n\
                Kind regards,\n{{ organisation.name }}\n",
        },
        Self {
            slug: "two-days-after",
            name: "Two days after",
            used_by: "Used for reminders by the API, one to six days after the due day.",
            stage: Some(Stage::TwoDaysAfter),
            subject: "Overdue: invoice {{ invoice.number }}",
            message: "Hello {{ customer.name }},\n\n\
                invoice **{{ invoice.number }}** was due on {{ invoice.due_on }}, and **{{ invoice.balance }}** is still open.\n\n\
                Perhaps it was overlooked. Please pay it in the next days, or tell us when we can expect the payment. If you have paid already, thank you.\n\n\
                Kind regards,\n{{ organisation.name }}\n",
        },
        Self {
            slug: "one-week-after",
            name: "One week after",
            used_by: "Used for reminders by the API, seven or more days after the due day.",
            stage: Some(Stage::OneWeekAfter),
            subject: "Please pay invoice {{ invoice.number }}, {{ invoice.days_overdue }} days overdue",
            message: "Hello {{ customer.name }},\n\n\
                invoice **{{ invoice.number }}** has been due since {{ invoice.due_on }}. **{{ invoice.balance }}** is still open, {{ invoice.days_overdue }} days after the due day.\n\n\
                Please pay it now. If you dispute the invoice or cannot pay it at once, answer this mail today, so that we can find a way together.\n\n\
                Regards,\n{{ organisation.name }}\n",
        },
    ];

    /// The text of a stage.
    pub fn of_stage(stage: Stage) -> Self {
        let [_, one_week_before, two_days_before, on_due_date, two_days_after, one_week_after] = Self::ALL;
        match stage {
            Stage::OneWeekBefore => one_week_before,
            Stage::TwoDaysBefore => two_days_before,
            Stage::OnDueDate => on_due_date,
            Stage::TwoDaysAfter => two_days_after,
            Stage::OneWeekAfter => one_week_after,
        }
    }

    /// The template at a place in addresses.
    pub fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.slug == slug)
    }

    /// Its text in a language.
    pub fn text(self, language: Language) -> TemplateText {
        let (subject, message) = match language {
            Language::English => (self.subject, self.message),
            Language::German => german::text(self.stage),
            Language::French => french::text(self.stage),
            Language::Spanish => spanish::text(self.stage),
        };
        TemplateText { subject: subject.to_owned(), message: message.to_owned() }
    }
}
