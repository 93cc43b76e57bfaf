//! The texts in French. A blank that does not break stands before a colon.

use crate::domain::stage::Stage;

/// Subject and message of a stage, or of the default text.
pub(super) fn text(stage: Option<Stage>) -> (&'static str, &'static str) {
    match stage {
        None => (
            "{% if invoice.is_overdue %}Rappel de paiement\u{a0}: facture {{ invoice.number }}{% else %}Facture {{ invoice.number }}, à échéance du {{ invoice.due_on }}{% endif %}",
            "Bonjour {{ customer.name }},\n\n\
            {% if invoice.is_overdue %}Sauf erreur de notre part, la facture **{{ invoice.number }}**, arrivée à échéance le {{ invoice.due_on }}, présente encore un solde de **{{ invoice.balance }}**.{% else %}Nous vous rappelons que la facture **{{ invoice.number }}**, dont le montant à régler est de **{{ invoice.balance }}**, arrive à échéance le {{ invoice.due_on }}.{% endif %}\n\
            {% if invoice.is_part_paid %}Nous vous remercions de votre règlement partiel.{% endif %}\n\n\
            {% if invoice.is_overdue %}Nous vous remercions de bien vouloir la régler dans les prochains jours, ou de nous faire savoir ce qui s’y oppose. Si vous l’avez réglée entre-temps, nous vous en remercions et vous prions de ne pas tenir compte de ce message.{% else %}Si vous avez déjà pris vos dispositions pour le règlement, nous vous en remercions\u{a0}: vous n’avez rien d’autre à faire.{% endif %}\n\n\
            Cordialement,\n{{ organisation.name }}\n",
        ),
        Some(Stage::OneWeekBefore) => (
            "La facture {{ invoice.number }} arrive à échéance le {{ invoice.due_on }}",
            "Bonjour {{ customer.name }},\n\n\
            Nous nous permettons de vous informer à l’avance que la facture **{{ invoice.number }}**, dont le montant à régler est de **{{ invoice.balance }}**, arrive à échéance le {{ invoice.due_on }}.\n\n\
            Si votre règlement est déjà en cours, nous vous en remercions\u{a0}: vous n’avez rien d’autre à faire.\n\n\
            Cordialement,\n{{ organisation.name }}\n",
        ),
        Some(Stage::TwoDaysBefore) => (
            "La facture {{ invoice.number }} arrive bientôt à échéance",
            "Bonjour {{ customer.name }},\n\n\
            La facture **{{ invoice.number }}**, dont le montant à régler est de **{{ invoice.balance }}**, arrive à échéance le {{ invoice.due_on }}.\n\n\
            Si le règlement est déjà prévu, nous vous en remercions. Pour toute question sur cette facture, il vous suffit de répondre à cet e-mail.\n\n\
            Cordialement,\n{{ organisation.name }}\n",
        ),
        Some(Stage::OnDueDate) => (
            "La facture {{ invoice.number }} arrive à échéance aujourd’hui",
            "Bonjour {{ customer.name }},\n\n\
            La facture **{{ invoice.number }}**, dont le montant à régler est de **{{ invoice.balance }}**, arrive à échéance aujourd’hui, le {{ invoice.due_on }}.\n\n\
            Si vous l’avez déjà réglée, nous vous en remercions et vous prions de ne pas tenir compte de ce message.\n\n\
            Cordialement,\n{{ organisation.name }}\n",
        ),
        Some(Stage::TwoDaysAfter) => (
            "Rappel de paiement\u{a0}: facture {{ invoice.number }}",
            "Bonjour {{ customer.name }},\n\n\
            Sauf erreur de notre part, la facture **{{ invoice.number }}**, arrivée à échéance le {{ invoice.due_on }}, présente encore un solde de **{{ invoice.balance }}**.\n\n\
            Peut-être vous a-t-elle échappé. Nous vous remercions de bien vouloir la régler dans les prochains jours, ou de nous indiquer quand nous pouvons compter sur votre paiement. Si vous l’avez déjà réglée, nous vous en remercions.\n\n\
            Cordialement,\n{{ organisation.name }}\n",
        ),
        Some(Stage::OneWeekAfter) => (
            "Merci de régler la facture {{ invoice.number }}, en retard de {{ invoice.days_overdue }} jours",
            "Bonjour {{ customer.name }},\n\n\
            La facture **{{ invoice.number }}** est échue depuis le {{ invoice.due_on }}. {{ invoice.days_overdue }} jours après l’échéance, un solde de **{{ invoice.balance }}** reste à régler.\n\n\
            Nous vous prions de le régler sans délai. Si vous contestez cette facture ou ne pouvez pas la payer immédiatement, veuillez répondre à cet e-mail dès aujourd’hui, afin que nous trouvions ensemble une solution.\n\n\
            Cordialement,\n{{ organisation.name }}\n",
        ),
    }
}
